import Appliers
import Posix

/// The servers of one resource on the way to its balancer: what was handed to the session, and what the session has reported
/// since. Reports in, events out.
struct Application {
    /// What follows from a report.
    enum Event: Equatable {
        /// The servers have become as desired.
        case equal
        /// They are not as desired, with another error than the one reported last.
        case failed(ApplierError)
        /// The balancer's interface cannot make this change: the fallback command is to be run.
        case wantsReload
        /// Likewise, and the fallback command has run for these servers already, in an earlier run of confd.
        case leftToReload
    }

    /// The state of the fallback command, for changes that the balancer's interface cannot make.
    enum Fallback {
        case none
        /// A command that is owed.
        case owed
        /// A command that has run.
        case done
    }

    /// `-onetime`: the first failure is the last.
    let isTriedOnce: Bool
    /// The servers that were handed over last.
    private(set) var servers: [DesiredServer]
    /// The number that the session has given them.
    private(set) var generation: Int
    /// When they were handed over.
    private(set) var begun: Duration
    private(set) var state = ApplierStatus.State.owed([.inProgress])
    /// Whether the command is to be run, and was not yet.
    private(set) var wantsReload = false
    /// Whether the fallback command has made the changes that the balancer's interface cannot make.
    private var hasReloaded = false
    /// Whether the command has failed since these servers were handed over.
    private var hasReloadFailed = false
    /// The last failure since the servers were as desired; nil without one.
    private(set) var failure: ApplierError?
    /// Whether the servers were as desired at any time.
    private(set) var hasBeenEqual = false

    /// `servers` were handed over at `now`.
    init(_ servers: [DesiredServer], generation: Int, isTriedOnce: Bool = false, at now: Duration) {
        self.servers = servers
        self.generation = generation
        self.isTriedOnce = isTriedOnce
        begun = now
    }

    /// Other servers were handed over. A failure that persists is not reported again for them.
    mutating func handOver(_ servers: [DesiredServer], generation: Int, at now: Duration) {
        self.servers = servers
        self.generation = generation
        begun = now
        state = .owed([.inProgress])
        wantsReload = false
        hasReloaded = false
        hasReloadFailed = false
    }

    /// Takes a report.
    mutating func take(_ status: ApplierStatus, fallback: Fallback) -> Event? {
        // A report about earlier servers is ignored.
        guard status.generation == generation else { return nil }
        let wasEqual = isEqual
        state = status.state
        if isEqual {
            failure = nil
            wantsReload = false
            hasBeenEqual = true
            return wasEqual ? nil : .equal
        }
        guard let error = status.errors.first else { return nil }
        if status.errors.contains(where: \.wantsReload), fallback != .none { return takeReload(fallback) }
        if failure == error { return nil }
        failure = error
        return .failed(error)
    }

    private mutating func takeReload(_ fallback: Fallback) -> Event? {
        if hasReloaded || wantsReload { return nil }
        failure = nil
        if fallback == .owed { wantsReload = true } else { hasReloaded = true }
        return wantsReload ? .wantsReload : .leftToReload
    }

    /// The fallback command has run; if it `succeeded`, it has made the changes that the balancer's interface cannot make.
    mutating func noteReload(succeeded: Bool) {
        hasReloadFailed = !succeeded
        guard succeeded else { return }
        wantsReload = false
        hasReloaded = true
        failure = nil
    }

    /// Whether the servers are as desired; removed ones may still wait for their last connections.
    var isEqual: Bool {
        if case .equal = state { true } else { false }
    }

    /// The servers that have left, and wait for their last connections.
    var leaving: [String] {
        if case .equal(let leaving) = state { leaving } else { [] }
    }

    /// Whether nothing is to be waited for: all is as desired, left to the command, or not tried again.
    var isSettled: Bool {
        if isEqual { return true }
        if isTriedOnce, failure != nil || hasReloadFailed { return true }
        if wantsReload { return false }
        guard hasReloaded, case .owed(let reasons) = state else { return false }
        return reasons.contains { reason in
            if case .error(let error) = reason { error.wantsReload } else { false }
        }
    }

    /// Whether the servers differ from the desired ones only in what the command has brought.
    var isLeftToReload: Bool { isSettled && !isEqual && failure == nil && !hasReloadFailed }

    /// Whether it will soon be known if the command has to be run for these servers.
    var isUndecided: Bool { state == .owed([.inProgress]) && failure == nil }

    /// Why they are not as desired, in one line; nil if they are, or are about to be.
    var obstacle: String? {
        if isSettled, failure == nil { return nil }
        if let failure { return failure.message }
        guard case .owed(let reasons) = state else { return nil }
        let debts = reasons.compactMap { reason -> String? in
            if case .debt(let debt) = reason { debt.message } else { nil }
        }
        return debts.isEmpty ? nil : debts.joined(separator: ", ")
    }

    /// Whether confd has no step under way: all is settled, something failed, or the balancer is waited for.
    var isStuck: Bool { isSettled || failure != nil || hasReloadFailed || obstacle != nil }
}
