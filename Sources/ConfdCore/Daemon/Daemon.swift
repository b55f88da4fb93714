import Backends
import Configuration
import KeyValue
import Posix

/// Follows backends and confdir until a signal comes: the loop that performs what the resource table decides.
///
/// Everything here happens on one thread. Others read, render and run commands, and post the outcome to the inbox.
package final class Daemon {
    let settings: Settings
    let logger: Logger
    let listener: SignalListener
    let applier: Applier
    let inbox: Inbox
    let makeFollower: (BackendConfiguration) -> Follower

    let table = ResourceTable()
    var inventory: Inventory
    var sources: [Source.Key: Source] = [:]
    /// Whether all resources are about to be rendered anyway, as soon as their keys have been read.
    var passIsStarting = false
    /// Whether resources have come to need other keys since `updateSources`.
    var sourcesAreStale = false
    private(set) var isReady = false
    private var isStopping = false
    /// What to end with, where that is not what the command or a signal decides.
    private var failureCode: Int32?
    var supervisor: Supervisor?
    /// Files that are checked in their place, and those that wait for that.
    var checks = CheckBatches()
    /// Where records of resources are kept across restarts.
    let stateDirectory: StateDirectory?
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

    /// `applier` must send signals to the child of `listener`.
    package init(
        settings: Settings, logger: Logger, listener: SignalListener, loader: ResourceLoader, backends: BackendPool,
        applier: Applier
    ) {
        self.settings = settings
        self.logger = logger
        self.listener = listener
        self.applier = applier
        inventory = Inventory(loader, logger: logger)
        stateDirectory = Self.stateDirectory(settings, logger)
        inbox = Inbox { listener.wake() }
        makeFollower = { configuration in
            Follower(
                configuration, backends, watches: settings.watch, timeout: settings.backendTimeout, logger: logger,
                metrics: applier.metrics
            ) { listener.wake() }
        }
        notifier = SystemdNotifier(interval: settings.watchdogInterval)
        if !settings.command.isEmpty {
            supervisor = Supervisor(settings.command, listener.child, logger: logger)
            table.holdsReloads = true
        }
    }

    /// Runs until a signal, or the end of the supervised command, stops it; returns the exit code.
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
        for state in table.states { state.isAwaited = true }
        nextPass = settings.interval > .zero ? start + settings.interval : nil
        nextSignOfLife = notifier.watchdogInterval.map { start + $0 }
        while true {
            let now = Clock.monotonic()
            for message in inbox.take() { try take(message, at: now) }
            if let code = try turn(at: now) { return code }
            if isReady || isStopping { progress.end() }
            table.pausesReloads = checks.holdsReloads
            for action in table.begin(at: now) { perform(action, at: now) }
            if let batch = checks.take(reloadsRun: table.isReloading) { checkInPlace(batch) }
            table.pausesReloads = checks.holdsReloads
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
            guard table.isInStep, supervisor?.isRunning != true else { return nil }
            return supervisor?.exitCode ?? failureCode ?? ExitCode.done
        }
        if listener.takeHangUp() {
            notifier.reloading()
            logger.info("Captured hangup. Reading resources, templates and keys again")
            // The operator may have corrected what a check refused.
            for state in table.states { state.change { $0.clearForAnotherLook() } }
            try startPass(at: now)
            if isReady { notifier.ready() }
        }
        if listener.takeStatusRequest() { logStatus() }
        if let nextPass, now >= nextPass { try startPass(at: now) }
        separateRefused()
        if sourcesAreStale { try updateSources(readsAnew: false) }
        takeDeliveries(at: now)
        if !isReady, !table.states.contains(where: \.isAwaited) {
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
        return ([table.deadline] + others).compactMap { $0 }.min()
    }

    /// Reads resources, templates and keys anew and renders everything again, whether or not keys have changed: templates
    /// also ask for files, addresses and the time, whose changes nobody reports.
    private func startPass(at now: Duration) throws(SystemError) {
        nextPass = settings.interval > .zero ? now + settings.interval : nil
        passIsStarting = true
        defer { passIsStarting = false }
        try takeInventory(readsAnew: true)
        for (key, source) in sources { sources[key]?.refreshGeneration = source.requestedGeneration }
        for state in table.states where state.resource.ranges.isEmpty {
            table.update(state, at: now) { $0.refresh(at: now) }
        }
    }

    func stop(at now: Duration) {
        if isStopping { return }
        isStopping = true
        notifier.stopping()
        table.stop(at: now)
        // There may be nothing left to wait for.
        listener.wake()
    }

    /// Whether, at the start, a backend could not be reached for longer than `-retry-for`.
    private func backendHasGivenUp(at now: Duration) -> Bool {
        guard !isReady, settings.retryFor > .zero, now >= start + settings.retryFor else { return false }
        // What does not wait for a backend is tried first, however busy the machine is.
        guard table.states.allSatisfy({ !$0.isAwaited || waitsForBackend($0) }) else { return false }
        guard
            sources.contains(where: { key, source in
                key.separate == nil && source.snapshot == nil && source.follower.failure != nil
            })
        else { return false }
        logger.fatal("the backend was not reached within -retry-for \(GoDuration.text(settings.retryFor))")
        return true
    }

    private func waitsForBackend(_ state: ResourceState) -> Bool {
        !state.resource.ranges.isEmpty && sources[state.source]?.snapshot == nil
    }
}

// MARK: - Performing

extension Daemon {
    private func perform(_ action: ResourceTable.Action, at now: Duration) {
        switch action {
        case .render(let id): render(id, at: now)
        case .reload(let ids): reload(ids)
        }
    }

    private func render(_ id: ResourceID, at now: Duration) {
        guard let state = table[id] else { return }
        let snapshot = snapshot(for: state)
        let request = state.renderRequest(over: snapshot.snapshot, at: now)
        let resource = state.resource
        if let command = resource.inPlaceCheck { checks.began(id, command: command) }
        renderers.run { [applier, inbox, commands, listener] place in
            if listener.isStopping { return inbox.post(.skipped(id)) }
            let file = applier.render(request) { place.giveUp() }
            let apply: @Sendable () -> Void = {
                switch applier.apply(file) {
                case .done(let outcome): inbox.post(.applied(id, outcome, over: snapshot))
                case .awaitsCheck(let trial): inbox.post(.awaitsCheck(id, trial, over: snapshot))
                }
            }
            if resource.checkCommand == nil || resource.checksInPlace { apply() } else { commands.run { _ in apply() } }
        }
    }

    private func checkInPlace(_ ids: [ResourceID]) {
        let batch = ids.compactMap { id in table[id]?.takeTrial().map { (id: id, trial: $0.trial, over: $0.snapshot) } }
        commands.run { [applier, inbox] _ in
            let outcomes = applier.checkInPlace(batch.map(\.trial))
            for (member, outcome) in zip(batch, outcomes) {
                inbox.post(.applied(member.id, outcome, over: member.over))
            }
        }
    }

    private func reload(_ ids: [ResourceID]) {
        let due = ids.compactMap { id in table[id]?.dueReload.map { (id: id, reload: $0) } }
        commands.run { [applier, inbox] _ in
            let outcomes = applier.reload(due.map(\.reload))
            inbox.post(.reloaded(ids, Dictionary(uniqueKeysWithValues: zip(due.map(\.id), outcomes))))
        }
    }
}

// MARK: - Messages

extension Daemon {
    private func take(_ message: Message, at now: Duration) throws(SystemError) {
        switch message {
        case .applied(let id, let outcome, let snapshot): applied(id, outcome, over: snapshot, at: now)
        case .awaitsCheck(let id, let trial, let snapshot):
            table[id]?.waitingTrial = (trial, snapshot)
            checks.waits(id)
        case .skipped(let id):
            checks.ended(id)
            if let state = table[id] { table.update(state, at: now) { $0.rendered(.failed, at: now) } }
        case .reloaded(let ids, let outcomes):
            for id in ids {
                guard let state = table[id] else { continue }
                table.reloaded(state, outcomes[id], at: now)
                applyPendingDefinition(state, at: now)
            }
        case .filesChanged: if !isStopping { try takeInventory(readsAnew: false) }
        case .statusWanted(let request): request.answer(status)
        case .childEnded(let status):
            supervisor?.ended(status, isStopping: isStopping || listener.isStopping)
            stop(at: now)
        }
    }

    private func applied(_ id: ResourceID, _ outcome: Outcome, over snapshot: VersionedSnapshot, at now: Duration) {
        checks.ended(id)
        guard let state = table[id] else { return }
        confdirWatch?.add(outcome.inputs.sources.keys)
        if outcome.state == .updated { keepRecord(of: state, revision: snapshot.snapshot.revision) }
        table.applied(state, outcome, over: snapshot, newest: self.snapshot(for: state), at: now)
        if let pause = state.scheduler?.dampedPause {
            let resource = state.resource
            logger.warning(
                "\(resource.name): its template or dest was changed right after its \(resource.reloadField), "
                    + "perhaps by it: the next one waits until \(GoDuration.text(pause)) after that", resource)
        }
        // A template that was written meanwhile may not be complete yet.
        if !state.inputs.sourcesAreCurrent {
            table.update(state, at: now) { $0.refresh(at: now + ConfdirWatch.quiet) }
        }
        applyPendingDefinition(state, at: now)
    }
}
