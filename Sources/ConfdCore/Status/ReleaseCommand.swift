import Configuration
import Posix

/// `confd release RESOURCE`: lets through what the resource's guard holds. A daemon is asked at its control socket; without
/// one the record in the state directory is marked, for the next run.
struct ReleaseCommand {
    /// Why it could not be done.
    enum Problem: Error, Equatable {
        case control(DaemonClient.Problem, socket: String)
        /// No daemon answers, and nothing can be marked.
        case noDirectory(String, StateDirectory.Problem)
        /// No daemon answers at a socket, and there is no state directory.
        case nowhere
        case unwritable(SystemError)
    }

    let resource: String
    let socket: String?
    let stateDirectory: String?

    func run() throws(Problem) -> ReleaseAnswer {
        if let socket, let answer = try ask(socket) { return answer }
        return try mark()
    }

    /// The answer of the daemon, nil if there is none.
    private func ask(_ socket: String) throws(Problem) -> ReleaseAnswer? {
        do throws(DaemonClient.Problem) {
            let (status, body) = try DaemonClient(socket: socket).answer(
                to: "POST", ResourcePath.release.path(of: resource), within: .seconds(10))
            let text = body.isEmpty ? nil : String(decoding: body, as: UTF8.self)
            switch status {
            case "200 OK": return .released
            case "409 Conflict": return .notHeld(failure: text)
            case "404 Not Found": return .unknown(suggestion: text)
            default: throw .refused(status: status)
            }
        } catch {
            // Nobody listens there, so no daemon runs: the record is marked here.
            if case .noDaemon(let cause) = error, [Errno.noSuchFile, Errno.connectionRefused].contains(cause.code) {
                return nil
            }
            throw .control(error, socket: socket)
        }
    }

    /// The state directory at `path`, which is not made if it is not there.
    static func directory(_ path: String?) throws(Problem) -> StateDirectory {
        guard let path else { throw .nowhere }
        do throws(StateDirectory.Problem) {
            guard Files.exists(path) else {
                throw .failed(SystemError(call: "open", path: path, code: Errno.noSuchFile))
            }
            return try StateDirectory(path)
        } catch {
            throw .noDirectory(path, error)
        }
    }

    private func mark() throws(Problem) -> ReleaseAnswer {
        let directory = try Self.directory(stateDirectory)
        guard var record = directory.record(of: resource) ?? directory.record(of: resource + ".toml") else {
            return .unknown(suggestion: ResourceName.nearest(to: resource, among: directory.resources))
        }
        if record.heldSince == nil { return .notHeld(failure: nil) }
        record.isReleased = true
        do throws(SystemError) {
            try directory.save(record)
        } catch {
            throw .unwritable(error)
        }
        return .released
    }
}

extension ReleaseCommand.Problem {
    /// The message for standard error, with what to do about it.
    var message: String {
        switch self {
        case .control(let problem, let socket): problem.message(socket)
        case .noDirectory(let path, .inUse):
            "no confd answers, and one uses -state-dir \(path)\nhint: give its -control-socket"
        case .noDirectory(let path, .failed(let error)):
            "no confd answers, and -state-dir \(path) cannot be used: \(error.reason)"
        case .nowhere: "no confd answers, and there is no -state-dir"
        case .unwritable(let error): "-state-dir: \(error.message)"
        }
    }
}
