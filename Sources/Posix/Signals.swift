import CPosix
import Glibc

/// A signal by its number.
package struct Signal: Equatable, Hashable, Sendable {
    package let number: Int32

    package init(number: Int32) { self.number = number }

    package static let hangUp = Signal(number: SIGHUP)
    package static let interrupt = Signal(number: SIGINT)
    package static let quit = Signal(number: SIGQUIT)
    package static let kill = Signal(number: SIGKILL)
    package static let pipe = Signal(number: SIGPIPE)
    package static let terminate = Signal(number: SIGTERM)
    package static let child = Signal(number: SIGCHLD)
    package static let stop = Signal(number: SIGSTOP)
    package static let user1 = Signal(number: SIGUSR1)
    package static let user2 = Signal(number: SIGUSR2)

    /// A signal by name or number: `HUP`, `SIGHUP`, `hup`, `1`; nil if there is none.
    package init?(named text: String) {
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if let entry = Self.names.first(where: { $0.name == name }) {
            number = entry.number
        } else if let number = Int32(text), (1...64).contains(number) {
            self.number = number
        } else {
            return nil
        }
    }

    /// For example `SIGTERM`, or `signal 40`.
    package var name: String {
        Self.names.first { $0.number == number }.map { "SIG" + $0.name } ?? "signal \(number)"
    }

    /// The system's description, for example `killed`; Go prints the same.
    package var description: String {
        let text = String(cString: strsignal(number))
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// All names, for `did you mean`.
    package static var allNames: [String] { names.map { $0.name } }

    /// All signals that can be forwarded: not KILL and STOP, those of faults such as SEGV, and the two that the C library
    /// reserves.
    package static var forwardable: [Signal] {
        let kept: Set<Int32> = [
            SIGKILL, SIGSTOP, SIGCHLD, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, 32, 33,
        ]
        return (1...64).filter { !kept.contains($0) }.map { Signal(number: $0) }
    }

    private static let names: [(name: String, number: Int32)] = [
        ("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("ILL", SIGILL), ("TRAP", SIGTRAP), ("ABRT", SIGABRT),
        ("BUS", SIGBUS), ("FPE", SIGFPE), ("KILL", SIGKILL), ("USR1", SIGUSR1), ("SEGV", SIGSEGV), ("USR2", SIGUSR2),
        ("PIPE", SIGPIPE), ("ALRM", SIGALRM), ("TERM", SIGTERM), ("CHLD", SIGCHLD), ("CONT", SIGCONT),
        ("STOP", SIGSTOP), ("TSTP", SIGTSTP), ("TTIN", SIGTTIN), ("TTOU", SIGTTOU), ("URG", SIGURG),
        ("XCPU", SIGXCPU), ("XFSZ", SIGXFSZ), ("VTALRM", SIGVTALRM), ("PROF", SIGPROF), ("WINCH", SIGWINCH),
        ("IO", SIGIO), ("PWR", SIGPWR), ("SYS", SIGSYS),
    ]

    /// Makes writes to a closed pipe or socket fail with an error in place of ending us.
    package static func ignorePipe() {
        Glibc.signal(SIGPIPE, SIG_IGN)
    }

    /// Sends the signal to the process `id`.
    package func send(to id: Int32) throws(SystemError) {
        try SystemCall.run("kill") { Glibc.kill(id, number) }
    }
}

/// Signals that are blocked while the program starts: a HUP for the daemon must not end it before it has a handler.
///
/// TERM, INT and QUIT keep their effect, or a start that hangs could not be ended; only as process 1, for which the kernel
/// discards them, they are blocked too. Signals of job control are not blocked.
package struct HeldSignals: Sendable {
    private let held: [Signal]
    /// The mask that was inherited: those signals stay blocked.
    private let before: sigset_t

    /// Blocks them in this thread and the threads that it starts. Make it before any other thread.
    package init() {
        let exempt: Set<Int32> = getpid() == 1 ? [] : [SIGTERM, SIGINT, SIGQUIT]
        let jobControl: Set<Int32> = [SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT]
        held = Signal.forwardable.filter { !exempt.contains($0.number) && !jobControl.contains($0.number) }
        var set = sigset_t(held)
        var before = sigset_t()
        let code = pthread_sigmask(SIG_BLOCK, &set, &before)
        precondition(code == 0, "the arguments are right")
        self.before = before
    }

    /// Unblocks all but `taken`; those that are pending take effect now.
    package func release(but taken: [Signal] = []) {
        var set = sigset_t(held.filter { !taken.contains($0) && sigismember([before], $0.number) == 0 })
        let code = pthread_sigmask(SIG_UNBLOCK, &set, nil)
        precondition(code == 0, "the arguments are right")
    }
}

extension sigset_t {
    fileprivate init(_ signals: [Signal]) {
        self.init()
        sigemptyset(&self)
        for signal in signals { sigaddset(&self, signal.number) }
    }
}

/// Signals as a descriptor for `Poll` (signalfd), in place of handlers.
package struct SignalQueue: ~Copyable, Sendable {
    private let file: FileDescriptor

    /// Blocks `signals` in this thread and the threads that it starts, so make it in the main thread before others start. Those
    /// of `held` that are not among `signals` are unblocked; pending ones take effect.
    package init(_ signals: [Signal], held: HeldSignals? = nil) throws(SystemError) {
        var set = sigset_t(signals)
        try SystemCall.runReturningCode("pthread_sigmask") { pthread_sigmask(SIG_BLOCK, &set, nil) }
        held?.release(but: signals)
        let number = try SystemCall.run("signalfd") {
            signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        }
        file = FileDescriptor(number: number, path: nil)
    }

    /// Readable when a signal is pending.
    package var descriptor: Int32 { file.number }

    /// A signal that came.
    package struct Received: Equatable, Sendable {
        package let signal: Signal
        /// Whether a process sent it; those of a terminal come from the kernel, and go to the whole foreground group.
        package let isFromProcess: Bool
    }

    /// The next signal that came, nil if none waits.
    package func next() throws(SystemError) -> Signal? { try receive()?.signal }

    /// The next signal that came and where it came from, nil if none waits.
    package func receive() throws(SystemError) -> Received? {
        var info = signalfd_siginfo()
        do throws(SystemError) {
            let count = try SystemCall.run("read") { read(file.number, &info, MemoryLayout<signalfd_siginfo>.size) }
            precondition(count == MemoryLayout<signalfd_siginfo>.size, "signalfd reads whole records")
        } catch let error where error.code == EAGAIN {
            return nil
        }
        return Received(signal: Signal(number: Int32(info.ssi_signo)), isFromProcess: info.ssi_code <= 0)
    }
}
