import Configuration
import Posix

/// `confd wait`: waits at the control socket until everything is applied.
struct WaitCommand {
    /// How it ended, with lines about resources or backends.
    enum Result: Equatable {
        case applied
        case failed([String])
        case timedOut([String])
        case withoutRevisions
    }

    /// How much longer than the time it asks for the client waits for the daemon's answer.
    private static let patience = Duration.seconds(5)
    /// Before a daemon that was too busy for an answer is asked again.
    private static let pause = Duration.milliseconds(50)

    let client: DaemonClient
    let revision: Int64?
    /// Zero: for ever.
    let timeout: Duration

    init(socket: String, _ arguments: WaitArguments) {
        client = DaemonClient(socket: socket)
        revision = arguments.revision
        timeout = arguments.timeout
    }

    /// Waits until it is decided, or the time is up.
    func run() throws(DaemonClient.Problem) -> Result {
        let end = timeout > .zero ? Clock.monotonic() + timeout : nil
        var pending: [String] = []
        while true {
            let left = end.map { max($0 - Clock.monotonic(), .zero) } ?? StatusPages.longestWait
            if let answer = try ask(min(left, StatusPages.longestWait)) {
                guard case .timedOut(let lines) = answer else { return answer }
                pending = lines
            } else {
                Clock.sleep(min(Self.pause, left))
            }
            if let end, Clock.monotonic() >= end { return .timedOut(pending) }
        }
    }

    /// The daemon's answer, which comes within `time`; nil if it is too busy for one.
    private func ask(_ time: Duration) throws(DaemonClient.Problem) -> Result? {
        let query = (revision.map { "revision=\($0)&" } ?? "") + "milliseconds=\(time.milliseconds(roundedUp: true))"
        do {
            return try Self.result(try client.get("/wait?\(query)", within: time + Self.patience))
        } catch .ended, .refused("503 Service Unavailable") {
            return nil
        }
    }

    /// Reads `StatusPages.response(to:)`.
    static func result(_ answer: [UInt8]) throws(DaemonClient.Problem) -> Result {
        let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n").map(String.init)
        switch lines.first {
        case "applied": return .applied
        case "failed": return .failed(Array(lines.dropFirst()))
        case "pending": return .timedOut(Array(lines.dropFirst()))
        case "without-revisions": return .withoutRevisions
        default: throw .unreadable
        }
    }
}

extension WaitCommand.Result {
    var exitCode: Int32 {
        switch self {
        case .applied: ExitCode.done
        case .failed: ExitCode.failed
        case .timedOut: ExitCode.timeIsUp
        case .withoutRevisions: ExitCode.usage
        }
    }

    /// The message for standard error, nil if there is nothing to say.
    func message(timeout: Duration) -> String? {
        switch self {
        case .applied: nil
        case .failed(let lines): "not applied" + Self.list(lines)
        case .timedOut(let lines): "not applied within \(StatusWords.duration(timeout))" + Self.list(lines)
        case .withoutRevisions:
            "-revision: the daemon's backend has no revisions\nhint: without -revision, confd wait ends when all is in sync"
        }
    }

    private static func list(_ lines: [String]) -> String { lines.map { "\n  " + $0 }.joined() }
}
