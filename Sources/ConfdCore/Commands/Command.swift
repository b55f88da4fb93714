import Posix

/// A shell command with its limits.
package struct Command: Sendable {
    /// The text that `/bin/sh -c` runs.
    package var text: String
    /// Added to our own environment, and replacing entries of the same name: `CONFD_SRC`, `CONFD_DEST`, …
    package var environment: [String: String]
    /// After this the process group gets TERM; nil waits for ever.
    package var timeout: Duration?
    /// After TERM and this, the process group gets KILL.
    package var killGrace: Duration
    /// The most bytes of output that are kept and handed on; the rest is read and counted.
    package var outputLimit: Int

    package init(
        _ text: String, environment: [String: String] = [:], timeout: Duration? = nil,
        killGrace: Duration = .seconds(5), outputLimit: Int = 65_536
    ) {
        self.text = text
        self.environment = environment
        self.timeout = timeout
        self.killGrace = killGrace
        self.outputLimit = outputLimit
    }

    /// Runs the command, hands each line of its output (stdout and stderr, without the line feed) to `line` as it
    /// comes, and returns when the shell has ended and what it wrote is read.
    ///
    /// A child left in the background is left alone, even if it holds the pipe. `cancellation` ends it early.
    package func run(
        cancellation: CommandCancellation? = nil, line: (ArraySlice<UInt8>) -> Void = { _ in }
    ) -> CommandResult { preconditionFailure("sketch") }
}

/// Ends running commands from another thread, as if their timeout had come.
package final class CommandCancellation: Sendable {
    package init() throws(SystemError) {}

    /// Ends every command that was given this object, now and later.
    package func cancel() {}
}
