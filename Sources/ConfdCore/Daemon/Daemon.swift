import Backends
import Configuration
import KeyValue
import Posix

/// Follows backends and confdir until a signal comes: the loop that performs what the agenda decides.
///
/// Everything here happens on one thread. Others read, render and run commands, and put what came of it into the inbox.
package final class Daemon {
    let settings: Settings
    let logger: Logger
    let listener: SignalListener
    let pipeline: Pipeline
    let inbox: Inbox
    let makeFollower: (BackendConfiguration) -> Follower

    var agenda = Agenda()
    var inventory: Inventory
    var entries: [Agenda.ID: Entry] = [:]
    var ids: [String: Agenda.ID] = [:]
    private var lastID = 0
    var sources: [Source.Key: Source] = [:]
    /// Whether all resources are about to be rendered anyway, as soon as their keys have been read.
    var passIsStarting = false
    /// Whether resources have come to need other keys since `updateSources`.
    var sourcesAreStale = false
    /// Resources of the first look that have not been tried yet.
    var awaited: Set<Agenda.ID> = []
    private(set) var isReady = false
    private var isStopping = false
    /// What to end with, where that is not what the command or a signal decides.
    private var failureCode: Int32?
    var supervisor: Supervisor?
    /// Files that are checked in their place, and those that wait for that.
    var checks = CheckBatches()
    var trials: [Agenda.ID: (trial: Trial, edition: Edition)] = [:]
    /// What is kept across restarts.
    var records: ResourceRecords
    var childReminder = ReminderSchedule(from: Clock.monotonic())
    /// `-watch` only.
    private(set) var confdirWatch: ConfdirWatch?

    /// Renderings use the processors; commands only wait.
    private let renderers = WorkerPool(
        threads: max(1, ResourceRenderer.threads(Host.processorCount)), stackSize: ResourceRenderer.stackSize)
    let commands = WorkerPool(
        threads: DescriptorLimit.jobs(64, each: Pass.filesOfResource, reserve: Pass.filesOfAll))
    private let notifier: SystemdNotifier
    private let start = Clock.monotonic()
    private var nextPass: Duration?
    private var nextSignOfLife: Duration?

    /// `pipeline` must send signals to the child of `listener`.
    package init(
        settings: Settings, logger: Logger, listener: SignalListener, loader: ResourceLoader, backends: BackendPool,
        pipeline: Pipeline
    ) {
        self.settings = settings
        self.logger = logger
        self.listener = listener
        self.pipeline = pipeline
        inventory = Inventory(loader, logger: logger)
        records = ResourceRecords(Self.stateDirectory(settings, logger))
        inbox = Inbox { listener.wake() }
        makeFollower = { configuration in
            Follower(
                configuration, backends, watches: settings.watch, timeout: settings.backendTimeout, logger: logger,
                metrics: pipeline.metrics
            ) { listener.wake() }
        }
        notifier = SystemdNotifier(interval: settings.watchdogInterval)
        if !settings.command.isEmpty {
            supervisor = Supervisor(settings.command, listener.child, logger: logger)
            agenda.holdsReloads = true
        }
    }

    /// Runs until it is told to stop; returns the exit code.
    package func run() throws(SystemError) -> Int32 {
        if settings.watch {
            let watch = try ConfdirWatch(settings.confdir, logger: logger) { [inbox] in inbox.post(.filesChanged) }
            try watch.start()
            confdirWatch = watch
        }
        let progress = Progress(logger)
        progress.begin("first pass")
        defer { progress.end() }
        serveStatus()
        try takeInventory(readsAnew: false)
        guard childCanStart() else { return ExitCode.usage }
        awaited = Set(entries.keys)
        nextPass = settings.interval > .zero ? start + settings.interval : nil
        nextSignOfLife = notifier.watchdogInterval.map { start + $0 }
        while true {
            let now = Clock.monotonic()
            for message in inbox.take() { try take(message, at: now) }
            if let code = try turn(at: now) { return code }
            if isReady || isStopping { progress.end() }
            agenda.pausesReloads = checks.holdsReloads
            for action in agenda.begin(at: now) { perform(action) }
            if let batch = checks.take(reloadsRun: agenda.isReloading) { checkInPlace(batch) }
            agenda.pausesReloads = checks.holdsReloads
            try listener.wait(deadline.map { max($0 - Clock.monotonic(), .zero) })
        }
    }

    /// What there is to do apart from messages; the exit code when all is done.
    private func turn(at now: Duration) throws(SystemError) -> Int32? {
        if let nextSignOfLife, let interval = notifier.watchdogInterval, now >= nextSignOfLife {
            notifier.isAlive()
            self.nextSignOfLife = now + interval
        }
        if listener.isStopping { stop(at: now) }
        if isStopping {
            guard agenda.isInStep, supervisor?.isRunning != true else { return nil }
            return supervisor?.exitCode ?? failureCode ?? ExitCode.done
        }
        if listener.takeHangUp() {
            notifier.reloading()
            logger.info("Captured hangup. Reading resources, templates and keys again")
            // The operator may have mended what a check refused: its answer is asked for again.
            pipeline.forgetRefusals()
            try startPass(at: now)
            if isReady { notifier.ready() }
        }
        if listener.takeStatusRequest() { logStatus() }
        if let nextPass, now >= nextPass { try startPass(at: now) }
        separateRefused()
        if sourcesAreStale { try updateSources(readsAnew: false) }
        takeDeliveries(at: now)
        if !isReady, awaited.isEmpty {
            isReady = true
            notifier.ready()
        }
        try startChildWhenReady(at: now)
        remindOfWaiting(at: now)
        if backendHasGivenUp(at: now) {
            // What runs for resources that need no backend is finished.
            failureCode = ExitCode.backend
            stop(at: now)
        }
        return nil
    }

    private var deadline: Duration? {
        let giveUp = start + settings.retryFor
        // Later on it is the failure of a backend that wakes us.
        let isAhead = !isReady && settings.retryFor > .zero && Clock.monotonic() < giveUp
        let reminder = supervisor?.hasStarted == false ? childReminder.next : nil
        let others = isStopping ? [nextSignOfLife] : [nextPass, nextSignOfLife, isAhead ? giveUp : nil, reminder]
        return ([agenda.deadline] + others).compactMap { $0 }.min()
    }

    /// Reads resources, templates and keys anew and renders everything again, whether or not keys have changed: templates
    /// also ask for files, addresses and the time, whose changes nobody reports.
    private func startPass(at now: Duration) throws(SystemError) {
        nextPass = settings.interval > .zero ? now + settings.interval : nil
        passIsStarting = true
        defer { passIsStarting = false }
        try takeInventory(readsAnew: true)
        for (key, source) in sources { sources[key]?.refreshesAt = source.reading }
        for (id, entry) in entries where entry.resource.ranges.isEmpty {
            agenda.tell(id, at: now) { $0.refresh(at: now) }
        }
    }

    func stop(at now: Duration) {
        if isStopping { return }
        isStopping = true
        notifier.stopping()
        agenda.stop(at: now)
        // There may be nothing left to wait for.
        listener.wake()
    }

    /// Whether, at the start, a backend could not be reached for longer than `-retry-for`.
    private func backendHasGivenUp(at now: Duration) -> Bool {
        guard !isReady, settings.retryFor > .zero, now >= start + settings.retryFor else { return false }
        // What does not wait for a backend is tried first, however busy the machine is.
        guard awaited.allSatisfy({ entries[$0].map(waitsForBackend) ?? true }) else { return false }
        guard
            sources.contains(where: { key, source in
                key.separate == nil && source.edition == nil && source.follower.failure != nil
            })
        else { return false }
        logger.fatal("the backend was not reached within -retry-for \(GoDuration.text(settings.retryFor))")
        return true
    }

    private func waitsForBackend(_ entry: Entry) -> Bool {
        !entry.resource.ranges.isEmpty && sources[entry.source]?.edition == nil
    }

    func makeID() -> Agenda.ID {
        lastID += 1
        return lastID
    }
}

// MARK: - Performing

extension Daemon {
    private func perform(_ action: Agenda.Action) {
        switch action {
        case .render(let id): render(id)
        case .reload(let ids): reload(ids)
        }
    }

    private func render(_ id: Agenda.ID) {
        guard let entry = entries[id] else { return }
        let edition = edition(for: entry)
        let resource = entry.resource
        let base = entry.applied
        if let command = resource.inPlaceCheck { checks.began(id, command: command) }
        renderers.run { [pipeline, inbox, commands, listener] place in
            if listener.isStopping { return inbox.post(.skipped(id)) }
            let draft = pipeline.render(resource, edition.snapshot, base: base) { place.giveUp() }
            let put: @Sendable () -> Void = {
                switch pipeline.put(draft) {
                case .done(let outcome): inbox.post(.applied(id, outcome, on: edition))
                case .awaitsCheck(let trial): inbox.post(.awaitsCheck(id, trial, on: edition))
                }
            }
            if resource.checkCommand == nil || resource.checksInPlace { put() } else { commands.run { _ in put() } }
        }
    }

    private func checkInPlace(_ batch: [Agenda.ID]) {
        let batch = batch.compactMap { id in trials.removeValue(forKey: id).map { (id: id, $0.trial, $0.edition) } }
        commands.run { [pipeline, inbox] _ in
            let outcomes = pipeline.checkInPlace(batch.map(\.1))
            for ((id, _, edition), outcome) in zip(batch, outcomes) { inbox.post(.applied(id, outcome, on: edition)) }
        }
    }

    private func reload(_ ids: [Agenda.ID]) {
        let reloads = ids.compactMap { id in entries[id]?.reload.map { (id, $0) } }
        commands.run { [pipeline, inbox] _ in
            let failed = Set(pipeline.reload(reloads.map(\.1)).owed.map(\.resource.name))
            let failedIDs = reloads.filter { failed.contains($0.1.resource.name) }.map(\.0)
            inbox.post(.reloaded(ids, failed: Set(failedIDs)))
        }
    }
}

// MARK: - Messages

extension Daemon {
    private func take(_ message: Message, at now: Duration) throws(SystemError) {
        switch message {
        case .applied(let id, let outcome, let edition): applied(id, outcome, on: edition, at: now)
        case .awaitsCheck(let id, let trial, let edition):
            trials[id] = (trial, edition)
            checks.waits(id)
        case .skipped(let id):
            checks.ended(id)
            agenda.tell(id, at: now) { $0.rendered(.failed, at: now) }
        case .reloaded(let ids, let failed): reloaded(ids, failed, at: now)
        case .filesChanged: if !isStopping { try takeInventory(readsAnew: false) }
        case .surveyWanted(let request): request.answer(survey)
        case .childEnded(let status):
            supervisor?.ended(status, isStopping: isStopping || listener.isStopping)
            stop(at: now)
        }
    }

    private func applied(_ id: Agenda.ID, _ outcome: Outcome, on edition: Edition, at now: Duration) {
        checks.ended(id)
        guard var entry = entries[id] else { return }
        let keysChanged = entry.applied.map { entry.isConcerned(from: $0, to: edition.snapshot) } ?? true
        entry.inputs = outcome.inputs
        confdirWatch?.add(outcome.inputs.sources.keys)
        if let reload = outcome.reload, reload.isNew || entry.reload == nil { entry.reload = reload }
        let result = Scheduler.Rendering(outcome)
        if result == .inStep, entry.reload == nil { entry.applied = edition.snapshot }
        entries[id] = entry
        if outcome.state == .updated { keepRecord(of: entry.resource, revision: edition.snapshot.revision) }
        awaited.remove(id)
        agenda.tell(id, at: now) { $0.rendered(result, keysChanged: keysChanged, at: now) }
        if let pause = agenda[id]?.dampedPause {
            logger.warning(
                "\(entry.resource.name): its template or dest was changed right after its \(entry.resource.reloadField), "
                    + "perhaps by it: the next one waits until \(GoDuration.text(pause)) after that", entry.resource)
        }
        // What came while it was rendered.
        let newest = self.edition(for: entry)
        if newest.number != edition.number, entry.isConcerned(from: edition.snapshot, to: newest.snapshot) {
            agenda.tell(id, at: now) { $0.changed(at: now) }
        }
        // A template that was written meanwhile may not be complete yet.
        if !entry.inputs.sourcesAreCurrent { agenda.tell(id, at: now) { $0.refresh(at: now + ConfdirWatch.quiet) } }
        succeed(id, at: now)
    }

    private func reloaded(_ ids: [Agenda.ID], _ failed: Set<Agenda.ID>, at now: Duration) {
        for id in ids {
            let succeeded = !failed.contains(id)
            if succeeded { entries[id]?.noteReload() }
            agenda.tell(id, at: now) { $0.reloaded(succeeded: succeeded, at: now) }
            succeed(id, at: now)
        }
    }

    /// A resource that was removed is waited for no longer.
    func forget(_ id: Agenda.ID) {
        agenda.remove(id)
        awaited.remove(id)
        guard let name = entries.removeValue(forKey: id)?.resource.name else { return }
        ids[name] = nil
        records.drop(name)
    }
}

extension Scheduler.Rendering {
    init(_ outcome: Outcome) {
        switch (outcome.state, outcome.reload) {
        case (.failed, _): self = .failed
        case (.rejected, _): self = .rejected
        case (_, nil): self = .inStep
        case (_, let reload?): self = reload.isNew ? .replaced : .stillOwed
        }
    }
}
