import Synchronization

@testable import Applying

/// Commands that the test answers: none is started.
final class ScriptedCommands: Sendable {
    /// How a command ends, asked on the thread that would run it.
    typealias Script = @Sendable (Command) -> CommandResult.End

    private struct State {
        var executed: [Command] = []
        var script: Script = { _ in .exited(code: 0) }
    }

    private let state = Mutex(State())

    /// Those that were run, in their order.
    var executed: [Command] { state.withLock { $0.executed } }

    /// Their texts.
    var texts: [String] { executed.map(\.invocation.text) }

    /// From now on `script` says how they end.
    func answer(_ script: @escaping Script) { state.withLock { $0.script = script } }

    func run(_ command: Command) -> CommandResult {
        let script = state.withLock { state in
            state.executed.append(command)
            return state.script
        }
        return CommandResult(
            end: script(command), executable: command.invocation.executable, output: [], droppedBytes: 0,
            duration: .zero)
    }
}
