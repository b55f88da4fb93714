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

/// What to start a process with.
package struct SpawnRequest: Sendable {
    /// A path, or a name that is looked up in our `PATH`.
    package var executable: String
    /// With the name that the process is told, first.
    package var arguments: [[UInt8]]
    /// `NAME=VALUE` each.
    package var environment: [[UInt8]]
    /// Whether it leads a process group of its own, so that it and all it starts can be signalled at once.
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
/// Signals go out under the same lock that its end is collected under, so they never reach another process that has
/// been given the same number.
package final class ChildProcess: Sendable {
    /// The process id, and the id of its group if it has its own.
    package let id: Int32
    private let hasOwnGroup: Bool
    private let endDescriptor: FileDescriptor?
    private let status = Mutex<TerminationStatus?>(nil)

    /// Starts a process with all signals unblocked and at their defaults, and none of the files that we opened;
    /// with `output`, its standard output and error both go there.
    package init(_ request: SpawnRequest, output: borrowing FileDescriptor?) throws(SystemError) {
        hasOwnGroup = request.ownGroup
        let outputNumber: Int32? =
            switch output {
            case .some(let file): file.number
            case .none: nil
            }
        let id = try Children.adopt { () throws(SystemError) in try Spawn.start(request, outputNumber) }
        self.id = id
        // Kernels before 5.3 and some sandboxes have no such call; then `wait` looks again and again.
        endDescriptor = (try? SystemCall.run("pidfd_open") { confd_pidfd_open(id) })
            .map { FileDescriptor(number: $0, path: nil) }
    }

    /// Readable for `Poll` when the process has ended; -1 where the kernel cannot say, then call `collect` from time
    /// to time.
    package var descriptor: Int32 {
        switch endDescriptor {
        case .some(let file): file.number
        case .none: -1
        }
    }

    /// How it ended, nil if it runs. Waits for this process only, so nobody else's status is taken.
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

    /// Leaves a process that does not end (it hangs in the kernel, or is another user's) to be collected when the
    /// next process is started.
    package func abandon() { Children.abandon(self) }

    /// Sends `signal` to all processes of its group, also after it has ended itself; false if there are none left.
    ///
    /// Those that became another user's (`sudo`) do not get it. The kernel does not give the group's number away
    /// while the group has members.
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
