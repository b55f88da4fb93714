import Posix

/// `-control-socket`: where the daemon answers `confd status`, in HTTP. Only its user and root can connect. A process that
/// listens is never displaced; what a killed one left behind is replaced.
enum ControlSocket {
    /// Why there is none.
    enum Problem: Error, Equatable {
        case inUse
        /// What is at the path is no socket.
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

    /// Removes a socket on which nobody listens.
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
        // Somebody listens, without the lock.
        throw SystemError(call: "bind", path: path, code: Errno.addressInUse)
    }
}

extension ControlSocket.Problem {
    /// What the log says of it.
    func message(_ path: String) -> String {
        switch self {
        case .inUse: "-control-socket \(path) is in use by another confd: confd status does not see this one"
        case .occupied:
            "-control-socket \(path) is no socket: it is left alone, and confd status does not see this confd"
        case .failed(let error): "-control-socket: \(error.message): confd status does not see this confd"
        }
    }
}
