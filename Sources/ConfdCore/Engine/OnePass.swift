import Applying
import Configuration
import Staging

/// What `-onetime` keeps beside the table of resources.
struct OnePass {
    /// Resources that were not begun yet, in the order of the files.
    var untried: ArraySlice<ResourceState> = []
    /// Resources whose files of items that are gone are removed when all others are in place.
    var removals: [ResourceState] = []
    var tally = Tally()
    /// The directories of the files that were replaced. Reloads come after all files, so each is synced only once.
    let unsynced = UnsyncedFolders()
    /// Whether keys have come, and renderings begun.
    var isRendering = false
    /// Whether all files are written that need no check in their place.
    var checksMayBegin = false
    /// Whether a request to stop came before the last resource.
    var isStopped = false
    /// Whether the state directory was looked for, which only guards need.
    var hasOpenedState = false
    /// What a daemon on this machine knows of servers, by resource; nil before it was asked.
    private var verdicts: [String: [String: DaemonVerdicts.Verdict]]?

    /// What a daemon on this machine found out about each target of `resource`, as text. `-onetime` probes nothing.
    mutating func verdicts(
        of resource: Resource, _ settings: Settings, _ logger: Logger
    ) -> [String: DaemonVerdicts.Verdict] {
        if verdicts == nil {
            verdicts = DaemonVerdicts.ask(settings.controlSocket)
            if verdicts == nil {
                logger.warning("Health checks are not run: no daemon answers, so servers count as `initial` says")
            }
        }
        return verdicts?[resource.name] ?? [:]
    }
}

/// What became of the resources of one pass.
struct Tally {
    private var outcomes: [ResourceID: Outcome.State] = [:]
    private var owed: Set<ResourceID> = []

    mutating func note(_ outcome: Outcome.State, of id: ResourceID) { outcomes[id] = outcome }

    mutating func note(_ reload: ReloadOutcome.State, of id: ResourceID) {
        switch reload {
        case .done: owed.remove(id)
        case .owed: owed.insert(id)
        case .rolledBack: outcomes[id] = .failed
        }
    }

    /// Files that were replaced, or would be.
    var updated: Int { outcomes.values.count { $0 == .updated || $0 == .wouldChange } }

    /// Files that were as wanted, and whose service has them.
    var inSync: Int { outcomes.count { $0.value == .inSync && !owed.contains($0.key) } }

    var failed: Int { outcomes.values.count { $0.isFailure } - held }

    /// Files that guards keep as they are.
    var held: Int { outcomes.values.count { $0 == .held } }

    /// Files that are as wanted, and whose service has not got them: these count as `updated` if they were replaced, and
    /// never as in sync or failed.
    var reloadsOwed: Int { owed.count }
}
