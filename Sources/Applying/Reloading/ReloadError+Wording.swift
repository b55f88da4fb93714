import Appliers
import HTTP
import Posix

extension ReloadError {
    /// One phrase, without the resource's name. A server's answer is quoted as it came: the logger escapes what is not printable.
    var message: String {
        switch self {
        case .command(let end, let executable): end.message(executable)
        case .child(let reason): reason
        case .signal(let error, let pidFile): Self.text(error, pidFile)
        case .request(let error, let name): "\(name): \(Self.text(error))"
        }
    }

    var hint: String? {
        switch self {
        case .command(let end, let executable): end.hint(executable, field: "reload_cmd")
        case .child: nil
        case .signal(.unreadable(let error), _), .request(.body(let error), _): error.hint
        case .signal(.foreign(_, let owner), _):
            "a pid file of uid \(owner) may only lead to a process of that user: have the service write it as root"
        case .signal(.name, _): "a pid file that its service left behind may name another process by now"
        case .signal: nil
        case .request(.socket(.untrusted, _), _):
            "a socket below a user's directory must be that user's, root's or ours"
        case .request: nil
        }
    }

    private static func text(_ error: SignalError, _ pidFile: String) -> String {
        switch error {
        case .unreadable(let error): error.message
        case .absent: "there is no \(pidFile)"
        case .notAnID: "\(pidFile) holds no process id"
        case .linked: "\(pidFile) has other names, so it may not be a pid file"
        case .forbidden(let id):
            "\(pidFile) names process \(id), which is \(id == 1 ? "never signalled" : "confd itself")"
        case .ended(let id): "\(pidFile) names process \(id), which does not run"
        case .name(let id, let name, let wanted):
            "\(pidFile) names process \(id), which is called \"\(name)\" and not \"\(wanted)\""
        case .foreign(let id, let owner):
            "\(pidFile) belongs to uid \(owner) and names process \(id), which does not"
        case .unsupported: "this kernel has no pidfds, without which a signal could reach another process"
        case .system(let error): "\(pidFile): \(error.message)"
        }
    }

    private static func text(_ error: RequestError) -> String {
        switch error {
        case .socket(.system(let error), let path): "\(path): \(error.reason)"
        case .socket(.untrusted(let step, let owner), _): "\(step) leads where user \(owner) wants it to"
        case .socket(.notASocket, let path): "\(path) is not a socket"
        case .token(let error): "token_file: \(error.message)"
        case .noToken(let path): "token_file: \(path) holds no token: a line of printable ASCII without spaces"
        case .body(let error): "body_file: \(error.message)"
        case .noBody(let path): "body_file: there is no \(path)"
        case .http(let error, _): error.message
        case .status(let status, let said): "status \(status)" + (said.isEmpty ? "" : ": \(said)")
        case .cancelled: "cancelled"
        case .system(let error): error.message
        }
    }
}
