import Posix

/// `confd status`: asks the daemon at the control socket and prints its answer.
struct StatusCommand {
    /// Why there is no answer.
    enum Problem: Error, Equatable {
        case noDaemon(SystemError)
        /// The answer is not HTTP, or is cut off.
        case unreadable
        case refused(status: String)
        case timedOut
    }

    let socket: String
    let wantsJSON: Bool

    /// The daemon's report, as text or JSON.
    func run() throws(Problem) -> [UInt8] {
        try Self.accepted(try ControlClient(socket: socket).answer(to: "GET", "/status\(wantsJSON ? ".json" : "")"))
    }

    /// The body of a whole answer with status 200.
    static func body(of answer: [UInt8]) throws(Problem) -> [UInt8] { try accepted(try ControlClient.parse(answer)) }

    private static func accepted(_ answer: (status: String, body: [UInt8])) throws(Problem) -> [UInt8] {
        guard answer.status.hasPrefix("200") else { throw .refused(status: answer.status) }
        return answer.body
    }
}

extension StatusCommand.Problem {
    /// The message for standard error, with what to do about it.
    func message(_ socket: String) -> String {
        switch self {
        case .noDaemon(let error):
            "no confd answers at \(socket): \(error.reason)\n"
                + (error.code == Errno.accessDenied
                    ? "hint: only the user of the daemon and root may ask"
                    : "hint: is a daemon running, with this -control-socket?")
        case .unreadable: "what answers at \(socket) is no confd of this version"
        case .refused(let status): "confd at \(socket) answers \(status)"
        case .timedOut: "confd at \(socket) does not answer"
        }
    }
}
