import Applying
import Checks
import Configuration
import KeyValue
import Posix
import Rollout

/// The number of a resource in the engine; no number is used twice.
package typealias ResourceID = Int

/// All that the engine knows of one resource: made and dropped by `ResourceTable`, used by the engine's thread alone.
///
/// A class, because the engine looks at every resource in every turn: to copy a value of this size retains some forty
/// objects, a thousand times a turn.
package final class ResourceState {
    package let id: ResourceID
    /// The definition that is in use.
    package private(set) var resource: Resource { didSet { group = groupNow } }
    /// What is wrong with its file, of which the last good version is used; nil if nothing is.
    var definitionError: ResourceError?
    /// What takes its place when the rendering or reload that runs has ended.
    var pendingDefinition: PendingDefinition?
    /// When it is rendered and reloaded; nil until its keys are there.
    package internal(set) var scheduler: Scheduler? { didSet { noteInAgenda() } }
    /// What its file was made from last.
    private(set) var inputs = Inputs()
    /// The snapshot that file and service are in step with.
    var applied: Snapshot?
    /// The keys that its service had when the previous confd process ended; nil if not known.
    var keysBefore: Set<[UInt8]>?
    /// The reload that is owed.
    private(set) var owedReload: Reload?
    /// Results of earlier renderings and reloads that the next ones need.
    private(set) var history = History()
    /// When its file was replaced last, and from what: also kept in the state directory.
    var record: ResourceRecord?
    /// What its guard compares with, and what it holds.
    var guardState = GuardState()
    /// How long the last replacement of its file took, from the start of its rendering; nil if that was before the start.
    var changeDuration: Duration?
    /// The keys that changed when its file was replaced last, or one of its items' files; nil if that was before the start.
    var lastChange: AppliedChange?
    /// The time of `lastChange`.
    var lastChangeTime: WallTime?
    /// What its file was rendered as last.
    private(set) var figures: RenderingFigures?
    /// Its last reload since the start.
    private(set) var lastReload: ReloadRun?
    /// Whether the reload that is owed was tried.
    private(set) var reloadHasFailed = false
    /// Whether a rendering, check or reload has failed, or its file or template was broken, since it was in sync last.
    var hasFailed = false
    /// Whether the previous file is back, because its reload kept failing.
    private(set) var isRolledBack = false
    /// Whether the file is the one from before a failed turn of its rollout: `applied` and `figures` are of the other one.
    var isPutBack = false
    /// Where its keys come from; nil without keys, and before `updateSources` has run.
    var keys: ResourceKeys?
    /// The resource with `for_each` that it is an item of.
    let owner: ResourceState?
    /// Its items; nil without `for_each`.
    var items: ItemGroup?
    /// For an item: whether file and service are in step with the keys that its group has now. `applied` is nil then: otherwise
    /// each of many items would keep an old snapshot in memory.
    private var hasGroupsKeys = false
    /// The servers among its keys; nil without health checks.
    var health: ResourceHealth?
    /// Whether the file in place is the one that `record` describes: nobody else has written it since.
    var recordIsOfFile = true
    /// What is known of the file in place from before the start.
    var recordOfFile: ResourceRecord? { recordIsOfFile ? record : nil }
    /// Whether it has followers of its own, because some of its keys may not be read.
    var isSeparate = false
    /// Whether the daemon is not ready before this resource was tried.
    var isAwaited = false { didSet { noteInAgenda() } }
    /// The servers that were handed over to its balancer, and what the balancer has reported; nil before the first time.
    var application: Application? {
        didSet { if oldValue?.wantsReload != application?.wantsReload { group = groupNow } }
    }
    /// Its state in the rollout of its group.
    var rollout = RolloutState.free
    /// Its rendered file, while that waits for its check in place.
    var waitingTrial: (trial: Trial, snapshot: VersionedSnapshot)? { didSet { noteInAgenda() } }
    /// Changes to the history while a job had a copy of it: applied again to the copy that the job returns.
    private var historyCorrections: [(inout History) -> Void] = []
    private let agenda: Agenda
    private var agendaEntry: Agenda.Entry?
    /// Whether it was dropped by the table.
    private var hasLeft = false
    private var group: Agenda.Group {
        willSet { agenda.change(id, of: group, from: agendaEntry, to: nil) }
        didSet { agenda.change(id, of: group, from: nil, to: agendaEntry) }
    }

    enum PendingDefinition {
        case removed
        case redefined(Resource)
    }

    init(_ id: ResourceID, _ resource: Resource, _ agenda: Agenda, owner: ResourceState?) {
        self.owner = owner
        self.id = id
        self.resource = resource
        self.agenda = agenda
        group = Self.group(id, resource, wantsFallback: false)
        noteInAgenda()
    }

    private var groupNow: Agenda.Group {
        Self.group(id, resource, wantsFallback: application?.wantsReload ?? false)
    }

    /// With `wantsFallback` it is reloaded by what stands in for its balancer, once for all that have the same.
    private static func group(_ id: ResourceID, _ resource: Resource, wantsFallback: Bool) -> Agenda.Group {
        (wantsFallback ? resource.reloadMethod : resource.reloadGroup).map { .sharing($0) } ?? .alone(id)
    }

    private func noteInAgenda() {
        if hasLeft { return }
        var entry = Agenda.Entry()
        entry.isAwaited = isAwaited
        entry.waitsForCheck = waitingTrial != nil
        if let scheduler {
            entry.owesRendering = scheduler.owesRendering
            entry.owesReload = scheduler.owesReload
            entry.isRendering = scheduler.isRendering
            entry.isReloading = scheduler.isRunning && !scheduler.isRendering
            entry.hasBeenInStep = scheduler.hasBeenInStep
        }
        agenda.change(id, of: group, from: agendaEntry, to: entry)
        agendaEntry = entry
    }

    /// Removes it from the agenda for good.
    func leaveAgenda() {
        agenda.change(id, of: group, from: agendaEntry, to: nil)
        agendaEntry = nil
        hasLeft = true
    }

    /// Where its keys come from: the source of each backend that has some.
    var sourceKeys: [(layer: BackendLayer, key: Source.Key)] {
        resource.layers.filter { !$0.ranges.isEmpty }.map { layer in
            (layer, Source.Key(backend: layer.backend, separate: isSeparate ? layer.ranges : nil))
        }
    }

    var isScheduled: Bool { scheduler != nil }
    var isRunning: Bool { scheduler?.isRunning ?? false }
    var isRendering: Bool { scheduler?.isRendering ?? false }
    var isInStep: Bool {
        guardState.hold == nil && rollout == .free && scheduler?.isInStep ?? false && application?.isSettled ?? true
    }
    /// For people: whether the file is as its keys and its template say, and the service has it.
    var isInSync: Bool { isInStep && !usesEarlierVersion && !isRefused }
    /// Whether its keys may not be read, or not any longer.
    var isRefused: Bool {
        guard let (backend, failure) = keys?.failing, failure.isRefusal else { return false }
        // Of several ranges of a shared source, one may be refused.
        return isSeparate || failure.refused.map { resource.needs($0, of: backend) } ?? false
    }
    /// Whether its file or its template is broken, and an earlier version is used.
    var usesEarlierVersion: Bool { definitionError != nil || history.usesEarlierTemplate }
    var isReloadDue: Bool { scheduler?.owesReload ?? false }
    var hasBeenInStep: Bool { scheduler?.hasBeenInStep ?? false }

    /// The rendering over `snapshot` that begins now; `engine` knows the health of servers.
    /// `keepsState`: whether there is a state directory.
    func renderRequest(
        over snapshot: Snapshot, _ engine: CheckEngine?, keepsState: Bool, rollout: RolloutBasis? = nil,
        at now: Duration
    ) -> RenderRequest {
        leaveGroupsKeys(snapshot)
        let group = owner?.items
        let health = (owner ?? self).health
        return RenderRequest(
            resource: resource, snapshot: snapshot, store: health?.store ?? snapshot, base: base,
            fileKeys: owedReload?.changes.snapshot, health: health?.source(engine), history: history,
            mayCheckAgain: scheduler?.mayCheckAgain(at: now) ?? true,
            guardBasis: GuardBasis(
                applied: guardState.applied, isBelieved: guardState.isBelieved(after: holdTime, at: now),
                isKept: keepsState),
            itemIndex: resource.item.flatMap { group?.set.index(of: $0.key) } ?? 0, journal: group?.journal,
            rollout: rollout)
    }

    /// The keys that its service was last reloaded with, as far as known.
    var base: KeyChanges.Base {
        if let applied { return .snapshot(applied) }
        return keysBefore.map { .keys($0) } ?? .unknown
    }

    /// What its file was made from: newer than what its service has while a reload is owed. nil if not known.
    var fileKeys: Snapshot? { owedReload?.changes.snapshot ?? applied }

    /// Called when the keys of an item change, or it is rendered: it was in step with `keys`, which `applied` holds from now on.
    func leaveGroupsKeys(_ keys: Snapshot) {
        guard hasGroupsKeys else { return }
        hasGroupsKeys = false
        applied = keys
    }

    /// An item in step stays so with each snapshot that comes, until a change concerns it: it keeps none of its own.
    func joinGroupsKeys() {
        guard isInStep, owner != nil else { return }
        hasGroupsKeys = true
        applied = nil
    }

    /// The name of the file of an item.
    var fileName: [UInt8] { Array(Files.split(resource.destination).name.utf8) }

    /// The keys that it is rendered over now.
    var snapshot: VersionedSnapshot {
        if let owner { return owner.snapshot }
        // Resources without keys need no backend: confd renders them over an empty store.
        return health?.visible ?? keys?.snapshot ?? VersionedSnapshot(snapshot: Snapshot([]), version: 0)
    }

    /// Whether the keys are there that it is rendered over, or it needs none.
    var hasKeys: Bool {
        if let owner { return owner.hasKeys }
        if resource.ranges.isEmpty { return true }
        return keys?.areThere ?? false
    }

    /// Whether its file may be rendered from the keys that are there. Cached keys are used only if the file is missing, or was
    /// made from the same or an older revision: otherwise it would go back to older keys until the backend answers.
    var mayUseKeys: Bool {
        guard let cached = keys?.cachedRevision else { return true }
        if resource.isGroup { return false }
        if !Files.exists(resource.destination) { return true }
        guard let record, record.changed != nil, record.revision > 0 else { return false }
        return record.revision <= cached
    }

    /// Takes its file that waits for a check in place; the check begins now.
    func takeTrial() -> (trial: Trial, snapshot: VersionedSnapshot)? {
        defer { waitingTrial = nil }
        return waitingTrial
    }

    /// Whether the service has not got the file yet, or the balancer not the servers.
    var owesReload: Bool { owedReload != nil || application?.isSettled == false }

    /// The reload that begins now.
    var dueReload: DueReload? { owedReload.map { DueReload($0, history) } }

    /// Whether a rendering over `new` may differ from the last one, which was over `old` or one like it.
    func isConcerned(from old: Snapshot, to new: Snapshot) -> Bool {
        guard let reads = inputs.reads else { return true }
        let before = old.view(of: resource.ranges, strippingPrefix: resource.prefix)
        let after = new.view(of: resource.ranges, strippingPrefix: resource.prefix)
        // The guard counts keys that the template does not read.
        if guardState.hold != nil, !after.hasSameContents(as: before) { return true }
        return reads.intersects(after.difference(from: before))
    }
}

// MARK: - Outcomes and definitions

extension ResourceState {
    /// Takes the outcome of a rendering over `snapshot`.
    func take(_ outcome: Outcome, over snapshot: Snapshot) {
        isAwaited = false
        take(outcome.history)
        inputs = outcome.inputs
        isRolledBack = false
        if let figures = outcome.figures, !outcome.isFailure { self.figures = figures }
        if let reload = outcome.reload, reload.isNew || owedReload == nil {
            owedReload = reload
            reloadHasFailed = false
        }
        if Scheduler.RenderOutcome(outcome) == .inStep, owedReload == nil { applied = snapshot }
    }

    /// Takes the outcome of the reload that was owed.
    func take(_ outcome: ReloadOutcome) {
        take(outcome.history)
        lastReload = outcome.run ?? lastReload
        reloadHasFailed = outcome.state == .owed
        isRolledBack = outcome.state == .rolledBack
        if outcome.state != .owed { noteReload() }
    }

    /// The service has the files that its reload was owed for.
    private func noteReload() {
        applied = owedReload?.changes.snapshot
        owedReload = nil
    }

    /// The service starts only now, and so reads the files that are there: its reload is owed no longer.
    func takeServiceStart() {
        noteReload()
        change { $0.previous = nil }
        scheduler?.reloadDone()
    }

    /// Lets the engine's thread do something with the history itself; nothing may run.
    func withHistory<Result>(_ body: (inout History) -> Result) -> Result { body(&history) }

    /// Changes the history, also the one that a running job will bring back.
    func change(_ correction: @escaping (inout History) -> Void) {
        correction(&history)
        if isRunning { historyCorrections.append(correction) }
    }

    /// Takes the history that a job brings back.
    private func take(_ new: History) {
        history = new
        for correction in historyCorrections { correction(&history) }
        historyCorrections = []
    }

    /// Uses `new` as definition. Results of the previous one say nothing about it, but for the last reload if it has the same.
    private func replaceDefinition(by new: Resource) {
        history = history.kept(from: resource, to: new)
        keepGuardState(from: resource, to: new)
        if resource.destination != new.destination || resource.reloadMethod != new.reloadMethod { lastReload = nil }
        resource = new
        figures = nil
        reloadHasFailed = false
        isRolledBack = false
    }

    /// Uses another definition with the same keys: nothing may run.
    func redefine(_ new: Resource) {
        replaceDefinition(by: new)
        // A reload that is owed is found by its mark, and is then that of the new definition.
        owedReload = nil
        scheduler?.policy = new.policy
        scheduler?.reloadDone()
    }

    /// Keeps the guard's state as long as `dest` is the same, also with other keys: a wrong prefix must not empty the file.
    private func keepGuardState(from old: Resource, to new: Resource) {
        if old.destination != new.destination { guardState = GuardState() }
    }

    /// Uses another definition with other keys: it begins anew with a snapshot that has them. Nothing may run.
    func beginAnew(_ new: Resource) {
        replaceDefinition(by: new)
        scheduler = nil
        inputs = Inputs()
        applied = nil
        keysBefore = nil
        owedReload = nil
        keys = nil
        items = nil
        health = nil
        isSeparate = false
    }
}

extension Scheduler.RenderOutcome {
    init(_ outcome: Outcome) {
        switch (outcome.state, outcome.reload) {
        case (.failed, _): self = .failed
        case (.held, _), (.waits, _): self = .held
        case (.rejected, _): self = .rejected
        case (.refusedBefore, _): self = .refusedBefore
        case (_, nil): self = .inStep
        case (_, let reload?): self = reload.isNew ? .replaced : .stillOwed
        }
    }
}
