import Appliers
import HTTP
import Posix
import Staging

/// Why a reload, or another request to a service (`verify_http`), failed. It holds nothing that was sent, and at most 4 KiB of
/// the server's answer, with secrets masked.
enum ReloadError: Error, Equatable {
    /// How the command ended.
    case command(CommandResult.End, executable: String)
    /// The signal for the child of `confd … -- COMMAND`: why it was not sent.
    case child(String)
    case signal(SignalError, pidFile: String)
    case request(RequestError, name: String)

    /// Why no process was signalled.
    enum SignalError: Error, Equatable {
        case unreadable(StagingError)
        case absent
        /// Its first line is no number.
        case notAnID
        /// It has other names, and may be a file that was made for something else.
        case linked
        /// Process 1, or confd itself.
        case forbidden(Int32)
        /// It does not run.
        case ended(Int32)
        /// It does not have the name that the resource asks for (`process`).
        case name(Int32, String, wanted: String)
        /// The file is a user's, and the process is not that user's.
        case foreign(Int32, owner: UInt32)
        /// The kernel has no pidfds.
        case unsupported
        case system(SystemError)
    }

    /// Why there is no good answer to a request.
    enum RequestError: Error, Equatable {
        case socket(SocketFileError, path: String)
        case token(SystemError)
        /// The file holds none.
        case noToken(path: String)
        case body(StagingError)
        case noBody(path: String)
        /// `wasConnected`: whether the server may have received the request.
        case http(HTTPError, wasConnected: Bool)
        case status(Int, said: String)
        /// confd is about to end.
        case cancelled
        case system(SystemError)
    }

    /// Whether the service was asked to reload: only then can its new file be the cause of the failure.
    var wasAsked: Bool {
        switch self {
        case .command(let end, _): end.hasRun
        case .child, .signal: false
        case .request(.status, _): true
        case .request(.http(_, let wasConnected), _): wasConnected
        case .request: false
        }
    }
}
