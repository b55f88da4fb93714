import Posix

/// How a command ended.
package struct CommandResult: Equatable, Sendable {
    package enum End: Equatable, Sendable {
        case exited(code: Int32)
        case signalled(Signal)
        /// Its group got TERM after this time.
        case timedOut(after: Duration)
        case cancelled
        /// The process could not be started, or not be followed; in that case its group got KILL.
        case notStarted(SystemError)
    }
    package let end: End
    /// What was started, or could not be.
    package let executable: String
    /// The first bytes of the output, at most `Command.outputLimit`.
    package let output: [UInt8]
    /// How many bytes of output were read and dropped.
    package let droppedBytes: Int
    /// Whether a process that it has left in the background has the pipe of the output open. confd has stopped reading it,
    /// so writing to it fails.
    package var isOutputOpen = false
    package let duration: Duration

    /// Whether it exited with 0.
    package var succeeded: Bool { end == .exited(code: 0) }

    /// Whether it wrote nothing.
    package var isSilent: Bool { output.isEmpty }

    /// One phrase: that of the end.
    package var message: String { end.message(executable) }
}

extension CommandResult.End {
    /// Whether a failure is a verdict on what was checked: not if the command was never run, or was ended by confd, by the
    /// load of the machine or by the kernel for want of memory.
    package var isAnswer: Bool {
        switch self {
        case .exited: true
        case .signalled, .timedOut, .cancelled, .notStarted: false
        }
    }

    /// Whether the command ran, until its end or for all of its time.
    var hasRun: Bool {
        switch self {
        case .exited, .signalled, .timedOut: true
        case .cancelled, .notStarted: false
        }
    }

    /// One phrase, for example `exit status 1`, `signal: killed`, `timed out after 30s`; `executable` is what was started.
    package func message(_ executable: String) -> String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let signal): "signal: \(signal.description)"
        case .timedOut(let time): "timed out after \(Self.text(time))"
        case .cancelled: "cancelled"
        case .notStarted(let error) where error.path == executable: "cannot start \(executable): \(error.reason)"
        case .notStarted(let error): "cannot start \(executable): \(error.message)"
        }
    }

    /// Where there is no shell, how to do without: the command is in `field` of the resource.
    package func hint(_ executable: String, field: String) -> String? {
        guard executable == "/bin/sh", case .notStarted(let error) = self, error.code == Errno.noSuchFile else {
            return nil
        }
        return "there is no shell here: write the command as a list, for example \(field) = [\"nginx\", \"-t\"]"
    }

    private static func text(_ time: Duration) -> String {
        let milliseconds = time.milliseconds()
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }
}
