import CPosix
import Glibc

/// Waiting for several descriptors at once.
package enum Poll {
    /// A descriptor and what it is to be ready for.
    package enum Interest: Sendable {
        case reading(Int32)
        case writing(Int32)

        fileprivate var item: pollfd {
            switch self {
            case .reading(let descriptor): pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            case .writing(let descriptor): pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            }
        }
    }

    /// Waits until one of `descriptors` can be read, has ended or failed, or `timeout` is over (nil: for ever).
    /// Negative descriptors are never ready. Returns which are ready, in the same order.
    package static func wait(_ descriptors: [Int32], timeout: Duration?) throws(SystemError) -> [Bool] {
        try wait(for: descriptors.map { .reading($0) }, timeout: timeout)
    }

    /// Waits until one of `interests` is ready, has ended or failed, or `timeout` is over (nil: for ever). Negative
    /// descriptors are never ready. Returns which are ready, in the same order. While the kernel is out of
    /// memory the call is repeated: a daemon must not end because of one bad moment.
    package static func wait(for interests: [Interest], timeout: Duration?) throws(SystemError) -> [Bool] {
        var items = interests.map(\.item)
        let end = timeout.map { Clock.monotonic() + $0 }
        while true {
            // Rounded up, or the last fraction of a millisecond would be spent spinning.
            let left = end.map { max($0 - Clock.monotonic(), .zero).milliseconds(roundedUp: true) } ?? -1
            do throws(SystemError) {
                let count = try SystemCall.run("poll") {
                    // EINTR counts as "nothing ready": a retry inside `SystemCall` would start the whole timeout anew.
                    let count = poll(&items, nfds_t(items.count), Int32(clamping: left))
                    return count == -1 && errno == EINTR ? 0 : count
                }
                if count > 0 { return items.map { $0.revents != 0 } }
            } catch  where error.code == ENOMEM || error.code == EAGAIN {
                Clock.sleep(.milliseconds(10))
            }
            if let end, Clock.monotonic() >= end { return items.map { _ in false } }
        }
    }
}

extension Duration {
    /// Whole milliseconds.
    package func milliseconds(roundedUp: Bool = false) -> Int64 {
        let (seconds, attoseconds) = components
        let (whole, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        return seconds * 1_000 + whole + (roundedUp && rest > 0 ? 1 : 0)
    }
}

/// Wakes a thread that waits in `Poll`, from any other one.
package struct WakeUp: ~Copyable, Sendable {
    private let file: FileDescriptor

    package init() throws(SystemError) {
        let number = try SystemCall.run("eventfd") {
            eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        }
        file = FileDescriptor(number: number, path: nil)
    }

    /// Readable from `wake` until `clear`.
    package var descriptor: Int32 { file.number }

    /// Makes the descriptor readable; many calls count as one.
    package func wake() {
        var one: UInt64 = 1
        // Fails only when the counter is full, and then it is readable.
        _ = write(file.number, &one, 8)
    }

    /// Makes the descriptor wait for the next `wake`.
    package func clear() {
        var count: UInt64 = 0
        // Fails only when nobody woke it.
        _ = read(file.number, &count, 8)
    }
}
