import Posix

/// `-control-socket`: where the daemon answers `confd status`, in HTTP. Only its user and root can connect. The socket
/// of a process that listens is never replaced, the one that a killed process left behind is.
enum ControlSocket {
    /// Why the daemon cannot listen there.
    enum Problem: Error, Equatable {
        case inUse
        /// The file at the path is not a socket.
        case occupied
        case failed(SystemError)
    }

    /// Listens at `path`; the lock is held for as long. Makes the directory if only that is missing.
    static func listen(at path: String) throws(Problem) -> MetricsServer.Listener {
        do throws(SystemError) {
            let directory = Files.split(path).folder
            do throws(SystemError) {
                try Files.makeFolder(directory)
            } catch  where error.code == Errno.exists {}
            let lock = try FileDescriptor(
                opening: path + ".lock", [.readWrite, .create, .noFollow, .nonBlocking])
            if try !lock.lock() { throw SystemError(call: "flock", path: path, code: Errno.wouldBlock) }
            try removeStale(path)
            return MetricsServer.Listener(try SocketListener(path: path), lock: lock)
        } catch {
            switch error.code {
            case Errno.wouldBlock, Errno.addressInUse: throw .inUse
            case Errno.exists: throw .occupied
            default: throw .failed(error)
            }
        }
    }

    /// Removes the socket at `path` that this process listens at, so that clients see without connecting that no daemon
    /// answers. A failure leaves it to the next daemon, which replaces it.
    static func remove(_ path: String) { try? Files.unlink(path) }

    /// Removes a socket without a listener.
    private static func removeStale(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            let status = try Files.linkStatus(path)
            guard status.kind == .socket else { throw SystemError(call: "bind", path: path, code: Errno.exists) }
        } catch  where error.code == Errno.noSuchFile {
            return
        }
        do throws(SystemError) {
            _ = try SocketConnection(path: path)
        } catch  where error.code == Errno.connectionRefused {
            return try Files.unlink(path)
        }
        // Another process listens there without holding the lock.
        throw SystemError(call: "bind", path: path, code: Errno.addressInUse)
    }
}

extension ControlSocket.Problem {
    /// The log message about it.
    func message(_ path: String) -> String {
        switch self {
        case .inUse: "-control-socket \(path) is in use by another confd: confd status does not see this one"
        case .occupied:
            "-control-socket \(path) is not a socket: it is left alone, and confd status does not see this confd"
        case .failed(let error): "-control-socket: \(error.message): confd status does not see this confd"
        }
    }
}
