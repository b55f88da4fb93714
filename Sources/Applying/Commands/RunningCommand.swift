import Posix

/// A command between its start and its end.
struct RunningCommand: ~Copyable {
    /// The state of the process group.
    private enum Phase: Equatable {
        case running
        /// Its group got TERM, and gets KILL at `killAt`.
        case ending(CommandResult.End, killAt: Duration)
        /// Its group got KILL; after `giveUpAt` it is abandoned, because a process may hang in the kernel.
        case killed(CommandResult.End, giveUpAt: Duration)
    }

    /// The polling interval for what no descriptor reports: the end of a group, or of a process on old kernels.
    private static let period = Duration.milliseconds(10)
    /// How long what the command has left in the background may take to close the output.
    private static let closingTime = Duration.milliseconds(100)

    private let command: Command
    private let child: ChildProcess
    private let pipe: Pipe
    private let cancellation: Cancellation?
    private let timeoutAt: Duration?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    private var phase = Phase.running
    /// Whether a process has the pipe open for writing; after the end of the command, one that it has left in the background.
    private(set) var pipeIsOpen = true
    private var status: TerminationStatus?

    init(
        _ command: Command, _ child: ChildProcess, _ pipe: consuming Pipe, _ cancellation: Cancellation?,
        startedAt start: Duration
    ) {
        self.command = command
        self.child = child
        self.pipe = pipe
        self.cancellation = cancellation
        timeoutAt = command.timeout.map { start + $0 }
    }

    deinit { buffer.deallocate() }

    /// Reads the output until the shell has ended, by itself or by force.
    mutating func finish(
        _ output: inout CommandOutput, _ line: (ArraySlice<UInt8>) -> Void
    ) -> CommandResult.End {
        let end: CommandResult.End
        do throws(SystemError) {
            end = try follow(&output, line)
        } catch {
            // Only the first error is reported.
            _ = try? child.sendToGroup(.kill)
            end = .notStarted(error)
        }
        if status == nil { child.abandon() }
        return end
    }

    private mutating func follow(
        _ output: inout CommandOutput, _ line: (ArraySlice<UInt8>) -> Void
    ) throws(SystemError) -> CommandResult.End {
        while true {
            let isCancelled = try wait(&output, line)
            if status == nil { status = child.collect() }
            if let end = try step(now: Clock.monotonic(), isCancelled: isCancelled) {
                try drain(&output, line)
                return end
            }
        }
    }

    /// Waits for output, the end, a cancellation or the next deadline, and reads the output. Returns whether it
    /// was cancelled.
    private mutating func wait(
        _ output: inout CommandOutput, _ line: (ArraySlice<UInt8>) -> Void
    ) throws(SystemError) -> Bool {
        let ready = try Poll.wait(
            [
                pipeIsOpen ? pipe.reading.number : -1,
                status == nil ? child.descriptor : -1,
                phase == .running ? cancellation?.descriptor ?? -1 : -1,
            ], timeout: timeout(now: Clock.monotonic()))
        if ready[0] { _ = try read(&output, line) }
        return ready[2]
    }

    private func timeout(now: Duration) -> Duration? {
        let deadline: Duration? =
            switch phase {
            case .running: timeoutAt
            case .ending(_, let killAt): killAt
            case .killed(_, let giveUpAt): giveUpAt
            }
        let left = deadline.map { max($0 - now, .zero) }
        // After the end of the shell, no descriptor reports the end of the rest of its group.
        let mustLook = status != nil || child.descriptor < 0
        return mustLook ? min(left ?? Self.period, Self.period) : left
    }

    /// Decides what comes next; the end if the command is over.
    private mutating func step(now: Duration, isCancelled: Bool) throws(SystemError) -> CommandResult.End? {
        switch phase {
        case .running:
            switch status {
            case .exited(let code)?: return .exited(code: code)
            case .signalled(let signal)?: return .signalled(signal)
            case nil: break
            }
            if isCancelled {
                try end(.cancelled, now: now)
            } else if let timeout = command.timeout, let timeoutAt, now >= timeoutAt {
                try end(.timedOut(after: timeout), now: now)
            }
        case .ending(let end, let killAt):
            if status != nil, try !child.groupIsAlive() { return end }
            if now >= killAt {
                _ = try child.sendToGroup(.kill)
                phase = .killed(end, giveUpAt: now + max(command.killGrace, .seconds(1)))
            }
        case .killed(let end, let giveUpAt):
            if status != nil || now >= giveUpAt { return end }
        }
        return nil
    }

    private mutating func end(_ end: CommandResult.End, now: Duration) throws(SystemError) {
        _ = try child.sendToGroup(.terminate)
        phase = .ending(end, killAt: now + command.killGrace)
    }

    /// Reads at most what fits into the pipe: a child in the background may write for ever.
    private mutating func drain(
        _ output: inout CommandOutput, _ line: (ArraySlice<UInt8>) -> Void
    ) throws(SystemError) {
        var left = pipe.capacity
        // Once more than that, to see the end of a pipe that was full.
        while pipeIsOpen && left >= 0 {
            let count = try read(&output, line)
            if count == 0 { break }
            left -= count
        }
        // A daemon closes its output soon after the command that started it has ended.
        if pipeIsOpen, left >= 0, try Poll.wait([pipe.reading.number], timeout: Self.closingTime)[0] {
            _ = try read(&output, line)
        }
    }

    /// Reads once; 0 if there is nothing to read, or the pipe is closed.
    private mutating func read(
        _ output: inout CommandOutput, _ line: (ArraySlice<UInt8>) -> Void
    ) throws(SystemError) -> Int {
        do throws(SystemError) {
            let count = try pipe.reading.read(into: buffer)
            if count == 0 { pipeIsOpen = false }
            output.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), line)
            return count
        } catch let error where error.code == Errno.wouldBlock {
            return 0
        }
    }
}
