import Posix

/// How a command ended.
package struct CommandResult: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case exited(code: Int32)
        case signalled(Signal)
        /// Its group was told to end after this time.
        case timedOut(after: Duration)
        case cancelled
        /// The shell could not be started, or not be followed; in that case its group got KILL.
        case notStarted(SystemError)
    }
    package let outcome: Outcome
    /// The first bytes of the output, at most `Command.outputLimit`.
    package let output: [UInt8]
    /// How many bytes of output were read and dropped.
    package let droppedBytes: Int
    package let duration: Duration

    /// Whether it exited with 0.
    package var succeeded: Bool { outcome == .exited(code: 0) }

    /// Whether its failure says something about what it was asked: not if it was never run, or not let finish, be it by
    /// us, by the machine's load or by a kernel that is short of memory.
    package var isAnswer: Bool {
        switch outcome {
        case .exited: true
        case .signalled, .timedOut, .cancelled, .notStarted: false
        }
    }

    /// One phrase, for example `exit status 1`, `signal: killed`, `timed out after 30s`.
    package var message: String {
        switch outcome {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "signal: \(signal.description)"
        case .timedOut(let time): "timed out after \(Self.text(time))"
        case .cancelled: "cancelled"
        case .notStarted(let error): "cannot start /bin/sh: \(error.message)"
        }
    }

    private static func text(_ time: Duration) -> String {
        let milliseconds = time.milliseconds()
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }
}
