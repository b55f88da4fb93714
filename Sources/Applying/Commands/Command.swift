import Configuration
import Posix

/// A command with its limits.
package struct Command: Sendable {
    package var invocation: CommandInvocation
    /// Added to `ChildEnvironment`, and replacing entries of the same name: `CONFD_SRC`, `CONFD_DEST`, …
    package var environment: [String: String]
    /// After this the process group gets TERM; nil waits for ever.
    package var timeout: Duration?
    /// After TERM and this, the process group gets KILL.
    package var killGrace: Duration
    /// The most bytes of output that are kept and handed on, in up to 1,000 lines; the rest is read and counted.
    package var outputLimit: Int

    /// A command that is not started yet.
    package init(
        _ invocation: CommandInvocation, environment: [String: String] = [:], timeout: Duration? = nil,
        killGrace: Duration = .seconds(5), outputLimit: Int = 65_536
    ) {
        self.invocation = invocation
        self.environment = environment
        self.timeout = timeout
        self.killGrace = killGrace
        self.outputLimit = outputLimit
    }

    /// A text for `/bin/sh -c`.
    package init(
        _ text: String, environment: [String: String] = [:], timeout: Duration? = nil,
        killGrace: Duration = .seconds(5), outputLimit: Int = 65_536
    ) {
        self.init(
            .shell(text), environment: environment, timeout: timeout, killGrace: killGrace, outputLimit: outputLimit)
    }

    /// Runs the command, hands each line of its output (stdout and stderr, without the line feed) to `line` as it
    /// comes, and returns when its process has ended and what it wrote is read.
    ///
    /// A child left in the background is left alone, even if it holds the pipe; only at the timeout the whole group
    /// ends. `cancellation` ends it as the timeout does.
    package func run(
        cancellation: Cancellation? = nil, line: (ArraySlice<UInt8>) -> Void = { _ in }
    ) -> CommandResult {
        let start = Clock.monotonic()
        var output = CommandOutput(limit: outputLimit)
        let end: CommandResult.End
        var isOutputOpen = false
        do throws(SystemError) {
            var pipe = try Pipe()
            let child = try ChildProcess(request, output: pipe.writing)
            pipe.closeWriting()
            var running = RunningCommand(self, child, pipe, cancellation, startedAt: start)
            end = running.finish(&output, line)
            isOutputOpen = running.pipeIsOpen
        } catch {
            end = .notStarted(error)
        }
        output.finish(line)
        return CommandResult(
            end: end, executable: invocation.executable, output: output.kept, droppedBytes: output.dropped,
            isOutputOpen: isOutputOpen, duration: Clock.monotonic() - start)
    }

    private var request: SpawnRequest {
        let replaced = Set(environment.keys.map { Array($0.utf8) })
        let inherited = ChildEnvironment.entries().filter { entry in
            !replaced.contains(Array(entry.prefix { $0 != UInt8(ascii: "=") }))
        }
        let added = environment.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) }
        return SpawnRequest(
            executable: invocation.executable, arguments: invocation.arguments.map { Array($0.utf8) },
            environment: inherited + added)
    }
}
