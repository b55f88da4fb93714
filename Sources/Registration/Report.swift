import Backends
import Diagnostics
import Posix

/// An event for the log.
package enum Report: Equatable, Sendable {
    /// The key is in the store; `wasThere`: from an earlier run, nothing was written.
    case registered(key: [UInt8], wasThere: Bool)
    /// The value is another one now.
    case updated(key: [UInt8])
    /// The value says that the service is down.
    case marked(key: [UInt8])
    case removed(key: [UInt8])
    /// Somebody else holds the key; `waits`: it is tried again until that one is gone.
    case conflict(key: [UInt8], StoredKey.Holder, waits: Bool)
    /// The store will not take or delete the key; it is tried again.
    case refused(key: [UInt8], BackendError)
    /// Somebody had deleted a key of ours; it is there again.
    case lost(key: [UInt8])
    /// A lease with this number of registered keys ended in the store.
    case leaseEnded(keys: Int)
    /// The store grants no lease as short as it was asked for.
    case longerLease(asked: Duration, granted: Duration)
    case unreachable(BackendError)
    case reachedAgain
    /// At the end: the keys are removed, and the service runs on for this long.
    case draining(Duration)
    /// At the end these keys are still there; they go with their lease.
    case notRemoved(keys: [[UInt8]], within: Duration)
}

extension Report {
    /// The key that it is about, nil if it is about more or none.
    package var key: [UInt8]? {
        switch self {
        case .registered(let key, _), .updated(let key), .marked(let key), .removed(let key), .conflict(let key, _, _),
            .refused(let key, _), .lost(let key):
            key
        case .leaseEnded, .longerLease, .unreachable, .reachedAgain, .draining, .notRemoved: nil
        }
    }

    package enum Severity: Equatable, Sendable {
        case information, warning, error
    }

    package var severity: Severity {
        switch self {
        case .registered, .updated, .marked, .removed, .reachedAgain, .draining: .information
        case .conflict(_, _, let waits): waits ? .warning : .error
        case .lost, .leaseEnded, .longerLease, .unreachable, .notRemoved: .warning
        case .refused: .error
        }
    }

    /// How to mend it, nil if there is nothing to say.
    package var hint: String? {
        switch self {
        case .refused(_, let error), .unreachable(let error): error.hint
        case .registered, .updated, .marked, .removed, .conflict, .lost, .leaseEnded, .longerLease, .reachedAgain,
            .draining, .notRemoved:
            nil
        }
    }

    /// One line, without the hint.
    package var message: String {
        switch self {
        case .registered(let key, let wasThere):
            wasThere ? "\(text(key)) is registered: it was there already" : "\(text(key)) is registered"
        case .updated(let key): "\(text(key)) is registered with a new value"
        case .marked(let key): "\(text(key)) is marked as down"
        case .removed(let key): "\(text(key)) is removed"
        case .conflict(let key, let holder, let waits):
            "\(text(key)) is not registered: \(holder.text)" + (waits ? ", waiting until it is gone" : "")
        case .refused(_, let error): error.message
        case .lost(let key): "\(text(key)) had been deleted by somebody else, it is registered again"
        case .leaseEnded(let keys): "the lease of \(count(keys)) ended in the store, registering again"
        case .longerLease(let asked, let granted):
            "ttl \(seconds(asked)) is less than the store grants, it is \(seconds(granted))"
        case .unreachable(let error): "services are neither registered nor kept alive: \(error.message)"
        case .reachedAgain: "services can be registered and kept alive again"
        case .draining(let time): "waiting \(seconds(time)) for open requests (drain)"
        case .notRemoved(let keys, let time):
            "\(count(keys.count)) could not be removed, the lease ends within \(seconds(time)): \(names(keys))"
        }
    }

    private func text(_ key: [UInt8]) -> String { PrintableText.line(String(decoding: key, as: UTF8.self)) }

    /// Some of the keys, and how many more there are.
    private func names(_ keys: [[UInt8]]) -> String {
        let shown = keys.prefix(3)
        let more = keys.count - shown.count
        return shown.map(text).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private func count(_ keys: Int) -> String { keys == 1 ? "1 registered key" : "\(keys) registered keys" }

    private func seconds(_ time: Duration) -> String {
        let milliseconds = time.milliseconds()
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }
}

extension StoredKey.Holder {
    fileprivate var text: String {
        switch self {
        case .lease(let id): "somebody else holds the key with lease \(String(id, radix: 16))"
        case .nobody: "the key is there without a lease"
        case .unknown: "somebody else holds the key"
        }
    }
}
