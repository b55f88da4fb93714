import HTTP
import Posix

/// A probe on its way. All is called on the thread of the probes; a result ends it.
protocol RunningProbe: AnyObject {
    /// How far it has come.
    var phase: ProbePhase { get }

    /// Begins; the result if there is one at once.
    func begin() -> ProbeResult?

    /// One of its descriptors has changed, or it is time to look.
    func handle(_ event: EventPoll.Event) -> ProbeResult?

    /// Closes all that it holds, whether it has a result or not.
    func end()
}

/// What probes share.
final class ProbeContext {
    let events: EventPoll
    let inbox: Inbox
    let client = Client()
    let killed = KilledCommands()
    /// For commands.
    let environment: @Sendable () -> [[UInt8]]
    /// For reading.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)

    init(_ events: EventPoll, _ inbox: Inbox, environment: @escaping @Sendable () -> [[UInt8]]) {
        self.events = events
        self.inbox = inbox
        self.environment = environment
    }

    deinit { buffer.deallocate() }
}

extension ProbeResult {
    /// What a failed system call says about the target; those that want a resource say nothing about it.
    init(_ error: SystemError) {
        self = Errno.isOfThisMachine(error.code) ? .inconclusive(.local(error.message)) : .failure(.system(error.code))
    }
}
