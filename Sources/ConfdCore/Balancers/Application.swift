import Appliers
import Posix

/// How far the servers of a balancer are as the file of a resource lists them: what was handed to the session that keeps
/// them, and what that has reported since. Reports in, what to do about them out.
struct Application {
    /// What follows from a report.
    enum Event: Equatable {
        /// The servers have become as desired.
        case equal
        /// They are not, for another reason than the one that was told last.
        case failed(ApplierError)
        /// The balancer cannot be changed so while it runs: the command that stands in for it is to be run.
        case wantsReload
        /// It cannot, and the command has run for these servers in an earlier run of confd.
        case leftToReload
    }

    /// What there is besides the balancer's own interface.
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
    /// Whether the command has brought these servers, as far as the balancer cannot be told.
    private var isLeftToReload = false
    /// Whether the command has failed since these servers were handed over.
    private var hasReloadFailed = false
    /// Why it failed last, since the servers were as desired.
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

    /// Other servers were handed over. A failure that lasts is not told again for them.
    mutating func handOver(_ servers: [DesiredServer], generation: Int, at now: Duration) {
        self.servers = servers
        self.generation = generation
        begun = now
        state = .owed([.inProgress])
        wantsReload = false
        isLeftToReload = false
        hasReloadFailed = false
    }

    /// Takes a report; `fallback` is for what the balancer cannot be told.
    mutating func take(_ status: ApplierStatus, fallback: Fallback) -> Event? {
        // One about servers from before says nothing.
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
        if isLeftToReload || wantsReload { return nil }
        failure = nil
        if fallback == .owed { wantsReload = true } else { isLeftToReload = true }
        return wantsReload ? .wantsReload : .leftToReload
    }

    /// The command has run; if it `succeeded`, it has brought what the balancer could not be told.
    mutating func noteReload(succeeded: Bool) {
        hasReloadFailed = !succeeded
        guard succeeded else { return }
        wantsReload = false
        isLeftToReload = true
        failure = nil
    }

    /// Whether the servers are as desired, with those that wait for their last connections.
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
        guard isLeftToReload, case .owed(let reasons) = state else { return false }
        return reasons.contains { reason in
            if case .error(let error) = reason { error.wantsReload } else { false }
        }
    }

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

    /// Whether only time can help: something failed, or is waited for.
    var isStuck: Bool { isSettled || failure != nil || hasReloadFailed || obstacle != nil }
}
