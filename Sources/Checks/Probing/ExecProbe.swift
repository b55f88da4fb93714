import Posix

/// A command; its output is read and dropped.
final class ExecProbe: RunningProbe {
    private let words: [String]
    private let token: UInt64
    private let context: ProbeContext
    private var child: ChildProcess?
    private var output: OutputPipe?
    let phase = ProbePhase.running

    /// The pipe that the command writes to.
    private final class OutputPipe {
        let pipe: Pipe

        init(_ pipe: consuming Pipe) { self.pipe = pipe }
    }

    /// `token` is what events about it carry.
    init(_ words: [String], token: UInt64, _ context: ProbeContext) {
        self.words = words
        self.token = token
        self.context = context
    }

    func begin() -> ProbeResult? {
        do throws(SystemError) {
            var pipe = try Pipe()
            let request = SpawnRequest(
                executable: words[0], arguments: words.map { Array($0.utf8) }, environment: context.environment())
            child = try ChildProcess(request, output: pipe.writing)
            pipe.closeWriting()
            try context.events.add(pipe.reading.number, token: token, .readable)
            output = OutputPipe(pipe)
            if let child, !needsPolling { try context.events.add(child.descriptor, token: token, .readable) }
            return nil
        } catch {
            return .inconclusive(.local(error.message))
        }
    }

    /// Whether no descriptor tells of the command's end.
    var needsPolling: Bool { child.map { $0.descriptor < 0 } ?? false }

    func handle(_ event: EventPoll.Event) -> ProbeResult? {
        drain()
        guard let child else { return nil }
        switch child.collect() {
        case nil: return nil
        case .exited(code: 0): return .success
        case .exited(let code): return .failure(.command("exit status \(code)"))
        case .signalled(let signal): return .failure(.command("signal: \(signal.description)"))
        }
    }

    /// A command that still runs is killed with all that it started.
    func end() {
        output = nil
        guard let child else { return }
        self.child = nil
        guard child.collect() == nil else { return }
        context.killed.add(child)
    }

    /// Reads once, so that a command that writes for ever does not keep the thread.
    private func drain() {
        guard let number = output?.pipe.reading.number else { return }
        do throws(SystemError) {
            if try output?.pipe.reading.read(into: context.buffer) == 0 { output = nil }
        } catch let error where error.code == Errno.wouldBlock {
            // Nothing has come.
        } catch {
            // What it writes does not matter; that descriptor would be reported for ever.
            _ = try? context.events.remove(number)
            output = nil
        }
    }
}
