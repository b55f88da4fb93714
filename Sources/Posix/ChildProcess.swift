import CPosix
import Glibc
import Synchronization

/// How a process ended.
package enum TerminationStatus: Equatable, Sendable {
    case exited(code: Int32)
    case signalled(Signal)

    init(raw: Int32) {
        // WIFEXITED and WEXITSTATUS, which are macros.
        let signal = raw & 0x7f
        self = signal == 0 ? .exited(code: (raw >> 8) & 0xff) : .signalled(Signal(number: signal))
    }
}

/// How to start a process.
package struct SpawnRequest: Sendable {
    /// A path, or a name that is looked up in our `PATH`.
    package var executable: String
    /// The first one is the name that the process gets as its own.
    package var arguments: [[UInt8]]
    /// `NAME=VALUE` each.
    package var environment: [[UInt8]]
    /// Whether it leads a new process group, so that it and its children can be signalled together.
    package var ownGroup = true
    /// Whether its standard input is `/dev/null`, else ours.
    package var nullInput = true

    package init(executable: String, arguments: [[UInt8]], environment: [[UInt8]]) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }
}

/// A process that we started. It must be waited for.
///
/// Signals are sent under the lock that protects waiting for it, so they never reach another process that was given the same id.
package final class ChildProcess: Sendable {
    /// The process id, and the id of its group if it has its own.
    package let id: Int32
    private let hasOwnGroup: Bool
    private let endDescriptor: FileDescriptor?
    private let status = Mutex<TerminationStatus?>(nil)

    /// Starts a process with all signals unblocked and at their defaults. It inherits the three standard streams and no
    /// other descriptor; with `output`, its standard output and error are that file.
    package init(_ request: SpawnRequest, output: borrowing FileDescriptor?) throws(SystemError) {
        hasOwnGroup = request.ownGroup
        let outputNumber: Int32? =
            switch output {
            case .some(let file): file.number
            case .none: nil
            }
        let id = try Children.adopt { () throws(SystemError) in try Spawn.start(request, outputNumber) }
        self.id = id
        // Kernels before 5.3 and some sandboxes do not have the call; `wait` polls then.
        endDescriptor = (try? SystemCall.run("pidfd_open") { confd_pidfd_open(id) })
            .map { FileDescriptor(number: $0, path: nil) }
    }

    /// Readable for `Poll` when the process has ended; -1 where the kernel has no pidfds: poll `collect` then.
    package var descriptor: Int32 {
        switch endDescriptor {
        case .some(let file): file.number
        case .none: -1
        }
    }

    /// How it ended, nil while it runs. Waits for this process only, so the status of no other one is lost.
    package func collect() -> TerminationStatus? {
        status.withLock { status in
            if status == nil { status = Children.collect(id) }
            return status
        }
    }

    /// Waits until it has ended.
    package func wait() throws(SystemError) -> TerminationStatus {
        while true {
            if let status = collect() { return status }
            _ = try Poll.wait([descriptor], timeout: descriptor < 0 ? .milliseconds(10) : nil)
        }
    }

    /// Sends `signal` to the process; nothing happens if it has ended.
    package func send(_ signal: Signal) throws(SystemError) {
        try status.withLock { status throws(SystemError) in
            if status == nil { try signal.send(to: id) }
        }
    }

    /// Gives up a process that does not end (it hangs in the kernel, or is another user's): it is waited for when the next
    /// process is started.
    package func abandon() { Children.abandon(self) }

    /// Sends `signal` to all processes of its group, also after it has ended itself; false if there are none left.
    ///
    /// Processes that changed their user (`sudo`) do not get it. The kernel does not reuse the group's id while the group has
    /// members.
    package func sendToGroup(_ signal: Signal) throws(SystemError) -> Bool {
        precondition(hasOwnGroup, "the group is ours")
        return try Self.kill(-id, signal.number)
    }

    /// Whether any process of its group runs.
    package func groupIsAlive() throws(SystemError) -> Bool { try Self.kill(-id, 0) }

    private static func kill(_ target: Int32, _ signal: Int32) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try SystemCall.run("kill") { Glibc.kill(target, signal) }
            return true
        } catch let error where error.code == ESRCH {
            return false
        } catch let error where error.code == EPERM {
            return true
        }
    }
}
