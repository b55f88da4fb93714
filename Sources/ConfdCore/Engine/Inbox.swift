import Appliers
import Applying
import Checks
import KeyValue
import Posix
import Synchronization

/// What other threads report to the engine's own.
///
/// Indirect, so that an outcome is not copied while the inbox is locked: sixteen threads wait for that.
indirect enum Message: Sendable {
    case applied(ResourceID, Outcome, over: VersionedSnapshot)
    /// A file is to be put in its place and checked there.
    case awaitsCheck(ResourceID, Trial, over: VersionedSnapshot)
    /// A rendering that was not begun, because we are about to end.
    case skipped(ResourceID)
    case reloaded([ResourceID], [ResourceID: ReloadOutcome])
    /// Files below confdir changed.
    case filesChanged
    case childEnded(TerminationStatus)
    case statusWanted(Question<DaemonStatus>, of: String?)
    /// `confd wait`.
    case waitWanted(WaitRequest)
    /// `confd release` of the resource with this name.
    case releaseWanted(String, Question<ReleaseAnswer>)
    /// `confd clean` of the resource with this name.
    case cleanWanted(String, Question<CleanAnswer>)
    /// `confd explain -last` of the resource with this name.
    case lastChangeWanted(String, Question<LastChangeAnswer>)
    /// What a health check found out.
    case verdict(VerdictChange)
    /// The status of a resource's balancer, from the session with this number.
    case balancer(ResourceID, session: Int, ApplierStatus)
    /// The result of a job for the rollout of a resource.
    case rollout(ResourceID, Engine.RolloutMessage)
    /// Services whose keys and values were evaluated.
    case servicesEvaluated([EvaluatedService])
    /// A registrar has removed all keys that are to go when confd ends.
    case servicesEnded
    /// A key belongs to another registrar, and `on_conflict` says not to wait for it.
    case serviceGivenUp
}

extension Message {
    /// Whether it is the last message of a rendering.
    fileprivate var endsRendering: Bool {
        switch self {
        case .applied, .awaitsCheck, .skipped: true
        case .reloaded, .filesChanged, .childEnded, .statusWanted, .waitWanted, .releaseWanted, .cleanWanted,
            .lastChangeWanted, .verdict,
            .balancer, .rollout, .servicesEvaluated, .servicesEnded, .serviceGivenUp:
            false
        }
    }
}

/// Messages to the engine's thread, in the order in which they came.
final class Inbox: Sendable {
    private struct State {
        var messages: [Message] = []
        /// How many renderings have to end before the thread is woken for them.
        var expected = 0
    }

    private let state = Mutex(State())
    private let wake: @Sendable () -> Void

    /// `wake` ends the wait of the engine's thread.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    /// Wakes the thread for the next `count` renderings only when the last of them has ended. To look at every resource after
    /// each of 1,000 renderings would take as long as the renderings.
    func gather(_ count: Int) {
        state.withLock { state in
            state.expected += count
            // So that no thread waits for the lock while the array grows.
            state.messages.reserveCapacity(state.expected)
        }
    }

    func post(_ message: Message) {
        let wakes = state.withLock { state in
            state.messages.append(message)
            guard message.endsRendering, state.expected > 0 else { return true }
            state.expected -= 1
            return state.expected == 0
        }
        if wakes { wake() }
    }

    func take() -> [Message] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }
}
