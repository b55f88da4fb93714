import CPosix
import Glibc

/// Waits for any number of descriptors (epoll): the cost of a wait is that of the ready ones, however many there are.
package final class EventPoll: Sendable {
    /// What happened to a descriptor.
    package struct Event: Equatable, Sendable {
        /// What it was added with.
        package let token: UInt64
        /// There is something to read, or the peer has ended its side.
        package let canRead: Bool
        package let canWrite: Bool
        /// The connection failed or both sides have ended.
        package let hasFailed: Bool

        package init(token: UInt64, canRead: Bool, canWrite: Bool, hasFailed: Bool) {
            self.token = token
            self.canRead = canRead
            self.canWrite = canWrite
            self.hasFailed = hasFailed
        }
    }

    /// When a descriptor is reported.
    package enum Trigger: Sendable {
        /// Edge-triggered, for reading and writing: the receiver must read and write until EAGAIN.
        case change
        /// For as long as there is something to read.
        case readable
    }

    /// The most events that one `wait` returns.
    package static let batch = 64

    private let file: FileDescriptor

    /// Throws if the process has no descriptors left.
    package init() throws(SystemError) {
        file = FileDescriptor(number: try SystemCall.run("epoll_create1") { confd_event_poll() }, path: nil)
    }

    /// Adds `descriptor`, which leaves by itself when it is closed.
    package func add(_ descriptor: Int32, token: UInt64, _ trigger: Trigger) throws(SystemError) {
        try SystemCall.run("epoll_ctl") {
            confd_event_poll_add(file.number, descriptor, token, trigger == .change ? 1 : 0)
        }
    }

    /// Takes out a descriptor that stays open.
    package func remove(_ descriptor: Int32) throws(SystemError) {
        try SystemCall.run("epoll_ctl") { confd_event_poll_remove(file.number, descriptor) }
    }

    /// Waits for at most `timeout` (nil: for ever) and returns what happened, at most 64 events; none after a signal.
    package func wait(timeout: Duration?) throws(SystemError) -> [Event] {
        let milliseconds = timeout.map { Int32(clamping: max($0, .zero).milliseconds(roundedUp: true)) } ?? -1
        var failure: SystemError?
        // The closure of a temporary buffer cannot throw a typed error.
        let events = withUnsafeTemporaryAllocation(of: confd_event.self, capacity: Self.batch) { buffer -> [Event] in
            do throws(SystemError) {
                let count = try SystemCall.run("epoll_wait") {
                    let count = confd_event_poll_wait(
                        file.number, buffer.baseAddress, Int32(Self.batch), milliseconds)
                    return count == -1 && errno == EINTR ? 0 : count
                }
                return buffer.prefix(Int(count)).map { Event($0) }
            } catch {
                failure = error
                return []
            }
        }
        if let failure { throw failure }
        return events
    }
}

extension EventPoll.Event {
    fileprivate init(_ event: confd_event) {
        self.init(
            token: event.token, canRead: event.events & CONFD_CAN_READ != 0,
            canWrite: event.events & CONFD_CAN_WRITE != 0,
            hasFailed: event.events & CONFD_FAILED != 0)
    }
}
