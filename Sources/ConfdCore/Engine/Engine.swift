import Appliers
import Applying
import Backends
import Checks
import Configuration
import KeyValue
import Posix

/// Keeps files in step with backends and templates: the loop that performs what the resource table decides.
///
/// Everything here happens on one thread. Others read, render and run commands, and post the outcome to the inbox.
package final class Engine {
    /// When `run` returns.
    enum Mode {
        /// `-onetime`: each resource is tried once, reloads wait until every file is in place, and it ends when nothing is
        /// due.
        case once
        /// It follows backends and confdir until a signal comes, or the supervised command ends.
        case follow
    }

    let mode: Mode
    let settings: Settings
    let logger: Logger
    let requests: Requests
    let applier: Applier
    let inbox: Inbox
    let clock: @Sendable () -> Duration
    let makeFollower: (Source.Key, BackendError?) -> Follower

    let table = ResourceTable()
    var inventory: Inventory
    var sources: [Source.Key: Source] = [:]
    /// Whether all resources are about to be rendered anyway, as soon as their keys have been read.
    var passIsStarting = false
    /// Whether resources have come to need other keys since `updateSources`.
    var sourcesAreStale = false
    /// Likewise for the rollouts of resources.
    var rolloutsAreStale = false
    private(set) var isReady = false
    private(set) var isStopping = false
    /// The exit code of a failure that stops the engine; nil if the command or a signal decides the code.
    var failureCode: Int32?
    var supervisor: Supervisor?
    /// Files that are checked in their place, and those that wait for that.
    var checks = CheckBatches()
    /// `.once` only.
    var pass = OnePass()
    /// Where records of resources are kept across restarts.
    var stateDirectory: StateDirectory?
    var records: RecordKeeper?
    var childReminder: ReminderSchedule
    /// How often a file was replaced.
    var generation = 0
    /// What happened lately, for `confd status`.
    var events = EventLog()
    /// The keys of services that are registered as far as `events` says.
    var registeredKeys: Set<[UInt8]> = []
    /// Requests of `confd wait` that are not answered yet.
    var waiters = Waiters()
    let startTime = Clock.wall()
    /// `-watch` only.
    private(set) var confdirWatch: ConfdirWatch?

    let workers: Workers
    let monitor: HealthMonitor
    let services: ServiceKeeper
    let balancers: BalancerKeeper
    let rollouts: RolloutKeeper
    let backends: BackendPool
    /// The time until which balancers are waited for after a request to stop; nil before one.
    var applicationsEnd: Duration?
    /// Whether that has been: a time that is over must not wake the engine, which may drain services for minutes.
    var applicationsAreOver = false
    let progress: Progress
    let start: Duration
    /// The path of the control socket, while this process listens there.
    var servedSocket: String?
    private let settingsFile: SettingsFile
    private let notifier: SystemdNotifier
    private var nextPass: Duration?
    private var nextSignOfLife: Duration?

    /// `applier` must send signals to the child of `requests`. With `service` there are no resources: that one is
    /// registered. `clock` is a time that only moves forward.
    package init(
        settings: Settings, logger: Logger, requests: Requests, loader: ResourceLoader, backends: BackendPool,
        applier: Applier, service: ServiceDefinition? = nil,
        makeDriver: @escaping @Sendable (BalancerTarget) -> any BalancerDriver = { $0.makeDriver() },
        clock: @escaping @Sendable () -> Duration = Clock.monotonic
    ) {
        let mode = settings.onetime ? Mode.once : .follow
        let start = clock()
        self.mode = mode
        self.settings = settings
        self.logger = logger
        self.requests = requests
        self.clock = clock
        self.start = start
        self.backends = backends
        settingsFile = SettingsFile(settings.configFile)
        inventory = Inventory(loader, logger: logger, service: service)
        let stateDirectory = mode == .once ? nil : Self.stateDirectory(settings, logger)
        self.stateDirectory = stateDirectory
        records = settings.noop ? nil : stateDirectory.map { RecordKeeper($0) }
        var applier = applier
        if let stateDirectory { applier.keepKeys = Self.keeper(of: stateDirectory, logger) }
        self.applier = applier
        inbox = Inbox { requests.wake() }
        var options = Follower.Options(watches: mode == .follow && settings.watch, timeout: settings.backendTimeout)
        options.clock = clock
        if mode == .once { options.end = start + settings.retryFor }
        let cache = mode == .once || settings.noop ? nil : Self.cache(settings, logger)
        makeFollower = { [options] key, failure in
            // A follower of separate ranges starts from the snapshot of the shared one, and needs no cache.
            let ownCache = key.separate == nil && key.backend.kind.isCached ? cache : nil
            var options = options
            options.isOfAllResources = key.separate == nil
            return Follower(
                key.backend, backends, options, logger: logger, metrics: applier.metrics, failure: failure,
                cache: ownCache
            ) { requests.wake() }
        }
        rollouts = RolloutKeeper { configuration in
            var options = Follower.Options(watches: true, timeout: settings.backendTimeout)
            options.clock = clock
            return Follower(configuration, backends, options, logger: logger, metrics: applier.metrics) {
                requests.wake()
            }
        }
        workers = Workers(mode)
        monitor = HealthMonitor { [inbox] () throws(SystemError) in
            try CheckEngine(environment: { ChildEnvironment.entries() }) {
                logger.warning($0)
            } deliver: {
                inbox.post(.verdict($0))
            }
        } warn: {
            logger.warning($0)
        }
        balancers = BalancerKeeper(makeDriver: makeDriver) { [inbox] id, session, status in
            inbox.post(.balancer(id, session: session, status))
        }
        services = ServiceKeeper(
            ServiceKeeper.Parts(
                logger: logger, backends: backends, purpose: settings.servicePurpose, isNoop: settings.noop,
                earlierLeases: stateDirectory?.leases ?? [],
                evaluate: { [inbox, workers] in Self.evaluate($0, workers, inbox) },
                keepLeases: { [stateDirectory] leases in Self.keep(leases, stateDirectory, logger) },
                finished: { [inbox] in inbox.post(.servicesEnded) }, gaveUp: { [inbox] in inbox.post(.serviceGivenUp) },
                changed: { requests.wake() }),
            monitor, waitsForChild: mode == .follow && !settings.command.isEmpty)
        // Printed differences and the progress line would overwrite each other.
        progress = Progress(
            logger, isTerminal: StandardStream.error.isTerminal && (mode == .follow || applier.differences == nil))
        notifier = SystemdNotifier(interval: settings.watchdogInterval)
        childReminder = ReminderSchedule(from: start)
        if mode == .follow, !settings.command.isEmpty {
            supervisor = Supervisor(settings.command, requests.child, logger: logger)
            table.holdsReloads = true
        }
    }

    /// Runs until nothing is due (`-onetime`), or until a signal or the end of the supervised command stops it; returns
    /// the exit code. To be called on a thread with a stack of `ResourceRenderer.stackSize`.
    package func run() throws(SystemError) -> Int32 {
        defer {
            progress.end()
            for source in sources.values { source.follower.stop() }
            rollouts.stop()
            balancers.stop()
            monitor.stop()
            if let servedSocket { ControlSocket.remove(servedSocket) }
            stateDirectory?.unlock()
        }
        switch mode {
        case .once:
            if let code = try beginPass() { return code }
        case .follow:
            if let code = try beginFollowing() { return code }
        }
        while true {
            let now = clock()
            for message in inbox.take() { try take(message, at: now) }
            if let code = try mode == .once ? passTurn(at: now) : turn(at: now) { return code }
            if isReady || isStopping { progress.end() }
            beginActions(at: now)
            if !isStopping { try answerWaiters(at: now) }
            try requests.wait(deadline.map { max($0 - clock(), .zero) })
        }
    }

    private func beginFollowing() throws(SystemError) -> Int32? {
        if settings.watch, settings.subcommand != .register {
            let watch = try ConfdirWatch(settings.confdir, logger: logger) { [inbox] in inbox.post(.filesChanged) }
            try watch.start()
            confdirWatch = watch
        }
        progress.begin("first pass")
        if settings.subcommand != .register { logger.info("Running as a daemon: \(rhythm)") }
        note(.started, "", "version \(Version.current)")
        serveStatus()
        try takeInventory(.none)
        guard childCanStart() else { return ExitCode.usage }
        for state in table.states { state.isAwaited = true }
        nextPass = settings.interval > .zero ? start + settings.interval : nil
        nextSignOfLife = notifier.watchdogInterval.map { start + $0 }
        return nil
    }

    /// When files are brought up to date, in words.
    private var rhythm: String {
        let interval =
            settings.interval > .zero ? "everything is read every \(GoDuration.text(settings.interval))" : nil
        let parts = [settings.watch ? "changes are followed" : nil, interval].compactMap { $0 }
        return parts.isEmpty ? "nothing is read again except on HUP" : parts.joined(separator: ", and ")
    }

    /// What there is to do apart from messages; the exit code when all is done.
    private func turn(at now: Duration) throws(SystemError) -> Int32? {
        if let nextSignOfLife, let interval = notifier.watchdogInterval, now >= nextSignOfLife {
            notifier.isAlive()
            self.nextSignOfLife = now + interval
        }
        if requests.isStopping { stop(at: now) }
        if isStopping {
            endServices()
            let isApplying = isApplying(at: now)
            guard table.isInStep, !isApplying, services.isFinished, supervisor?.isRunning != true,
                recordsAreKept
            else { return nil }
            return failureCode ?? supervisor?.exitCode ?? codeWithoutCommand ?? ExitCode.done
        }
        try answerRequests(at: now)
        if let nextPass, now >= nextPass { try startPass(.allButReading, at: now) }
        try updateKeys(at: now)
        noteContacts()
        monitor.retry(at: now)
        services.retry(at: now)
        noteServices()
        try advanceRollouts(at: now)
        scheduleNew(at: now)
        if !isReady, !table.agenda.isAwaiting, isRegistered {
            isReady = true
            notifier.ready()
        }
        try startChildWhenReady(at: now)
        remindOfWaiting(at: now)
        if backendHasGivenUp(at: now) {
            // Jobs that run for resources without keys are still finished.
            failureCode = ExitCode.backend
            stop(at: now)
        }
        return nil
    }

    /// The exit code if a signal came before the command was started: 128 + signal, as of a shell. Nil without a command.
    private var codeWithoutCommand: Int32? {
        guard let supervisor, !supervisor.hasStarted else { return nil }
        return requests.stoppedBy.map { 128 + $0.number }
    }

    private func answerRequests(at now: Duration) throws(SystemError) {
        if requests.takeHangUp() {
            notifier.reloading()
            logger.info("Captured hangup. Reading resources, templates and keys again")
            if settingsFile.hasChanged {
                logger.warning(
                    "\(settingsFile.path) was changed: it is read at the start only, so the change has no effect yet",
                    LogFields().explained(hint: "restart confd"))
            }
            note(.readAnew)
            // The operator may have corrected what a check refused, and wants to see what is still wrong.
            inventory.clearForAnotherLook()
            for state in table.states { state.change { $0.clearForAnotherLook() } }
            try startPass(.all, at: now)
            if isReady { notifier.ready() }
        }
        if requests.takeStatusRequest() { logStatus() }
    }

    private var deadline: Duration? {
        // In `.once` only messages and requests bring something new.
        if mode == .once { return applicationDeadline }
        let giveUp = start + settings.retryFor
        // After `giveUp` the follower wakes the engine when its backend fails again.
        let isAhead = !isReady && settings.retryFor > .zero && clock() < giveUp
        let reminder = supervisor?.hasStarted == false ? childReminder.next : nil
        let others =
            isStopping
            ? [nextSignOfLife, applicationDeadline]
            : [
                nextPass, nextSignOfLife, isAhead ? giveUp : nil, reminder, healthDeadline, monitor.retryAt,
                services.retryAt, waiters.nextRead, rollouts.deadline,
            ]
        return ([table.deadline] + others).compactMap { $0 }.min()
    }

    /// Reads resources, templates and keys anew and renders everything again, whether or not keys have changed: templates
    /// also ask for files, addresses and the time, whose changes nobody reports.
    private func startPass(_ backends: Rereading, at now: Duration) throws(SystemError) {
        nextPass = settings.interval > .zero ? now + settings.interval : nil
        passIsStarting = true
        defer { passIsStarting = false }
        try takeInventory(backends)
        for source in sources.values { source.refreshGeneration = source.requestedGeneration }
        for state in table.resources where state.resource.ranges.isEmpty {
            table.update(state, at: now) { $0.refresh(at: now) }
            refreshItems(of: state, at: now)
        }
    }

    func stop(at now: Duration) {
        if isStopping { return }
        isStopping = true
        notifier.stopping()
        table.stop(at: now)
        // If nothing is left to do, nothing else would wake the engine's thread.
        requests.wake()
    }

    /// Whether, at the start, a backend could not be reached for longer than `-retry-for`.
    private func backendHasGivenUp(at now: Duration) -> Bool {
        guard !isReady, settings.retryFor > .zero, now >= start + settings.retryFor else { return false }
        // What does not wait for a backend is tried first, however busy the machine is.
        guard table.states.allSatisfy({ !$0.isAwaited || waitsForBackend($0) }) else { return false }
        let missed = sources.values.filter { source in
            source.key.separate == nil && !source.isOptional && source.snapshot == nil && source.follower.failure != nil
        }
        if missed.isEmpty { return false }
        let isRefusal = missed.allSatisfy(\.follower.contact.hasRefused)
        logger.fatal(
            "the backend \(isRefusal ? "refused access for all of" : "was not reached within") -retry-for "
                + GoDuration.text(settings.retryFor))
        return true
    }

    private func waitsForBackend(_ state: ResourceState) -> Bool {
        !state.resource.ranges.isEmpty && (state.owner ?? state).keys?.snapshot == nil
    }
}
