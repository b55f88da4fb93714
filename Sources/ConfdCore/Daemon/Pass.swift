import Backends
import Configuration
import KeyValue
import Posix
import Staging
import Synchronization

/// One round over all resources: read, render and replace each, then run the reloads that are owed.
package struct Pass {
    /// How a round went.
    package struct Report: Equatable, Sendable {
        package var updated = 0
        package var inSync = 0
        package var failed = 0
        /// Files that are as wanted, and whose service has not got them: these count as `updated` if they were replaced,
        /// and never as in sync or failed.
        package var reloadsOwed = 0
        /// A backend could not be read: its resources are counted as failed.
        package var backendFailed = false
        /// There was nothing to do: no confdir, no conf.d, no resource file.
        package var foundNothing = false
        /// It was stopped before the last resource.
        package var stopped = false
    }

    let loader: ResourceLoader
    let reader: SnapshotReader
    let applier: Applier
    let logger: Logger
    /// Whether the first failure ends the round.
    let failFast: Bool
    /// Whether the service is started after this, and so reads the new files by itself.
    let startsCommand: Bool
    /// Whether to stop before the next resource.
    let shouldStop: @Sendable () -> Bool
    /// One for each processor: a rendering waits for nothing, and takes memory.
    private let renderings = Semaphore(Host.processorCount)

    /// Runs the round. Every failure is logged, none stops the others.
    ///
    /// `table` holds what an earlier round has learned of the resources; `now` is the time of the round.
    package func run(_ table: ResourceTable, at now: Duration) -> Report {
        // Differences that are printed would run into the line.
        let progress = Progress(logger, isTerminal: StandardStream.error.isTerminal && applier.differences == nil)
        defer { progress.end() }
        var report = Report()
        guard let resources = load(&report) else { return report }
        if failFast, report.failed > 0 {
            logger.warning("Fail-fast mode: stopping, nothing has been changed")
            return report
        }
        logger.debug("Retrieving keys from store")
        let states = states(of: resources, in: table, at: now)
        // Even if the backend cannot be read: a file that was never accepted must not stay.
        for state in states where state.resource.checksInPlace {
            state.withHistory { applier.restore(state.resource, &$0) }
        }
        progress.begin("reading keys")
        let readings = read(for: states)
        for (configuration, error) in readings.failures {
            logger.error(error.message, error.logFields(configuration))
            report.backendFailed = true
        }
        progress.begin("rendering", total: resources.count)
        let requests = states.map { state in
            // What is wrong with the backend has been logged.
            (try? readings[state.resource].get()).map { state.renderRequest(over: $0, at: now) }
        }
        let (outcomes, isStopped) = apply(resources, requests, progress)
        report.stopped = isStopped
        for index in states.indices where requests[index] != nil {
            if let outcome = outcomes[index] { states[index].takePass(outcome, at: now) }
        }
        progress.begin("reloading")
        // Also after a request to stop: what was replaced must be reloaded.
        let reloads = finish(states, outcomes)
        for (state, outcome) in zip(states, outcomes) {
            guard let outcome else { continue }
            let reload = reloads[state.id]
            report.count(reload == .rolledBack ? .failed : outcome.state, isOwed: reload == .owed)
        }
        return report
    }

    /// The record of each resource: that of an earlier round, or a new one.
    private func states(
        of resources: [Resource], in table: ResourceTable, at now: Duration
    ) -> [ResourceState] {
        let known = table.byName
        return resources.map { resource in
            let state = known[resource.name] ?? table.insert(resource)
            if state.resource != resource { _ = table.redefine(state, as: resource) }
            if !state.isScheduled { table.schedule(state, Scheduler(resource.policy, now: now)) }
            return state
        }
    }

    /// The histories of the resources that a thread prepares.
    private final class Preparation: Sendable {
        let histories: Mutex<[History]>

        init(_ histories: [History]) { self.histories = Mutex(histories) }
    }

    /// Reads the keys, and gets ready what can be without them meanwhile.
    private func read(for states: [ResourceState]) -> SnapshotReader.Readings {
        let resources = states.map(\.resource)
        let preparation = Preparation(states.map(\.history))
        let prepare: @Sendable () -> Void = {
            preparation.histories.withLock { histories in
                for (index, resource) in resources.enumerated() { applier.prepare(resource, &histories[index]) }
            }
        }
        let thread = try? Thread.start(prepare)
        if thread == nil { prepare() }
        let readings = reader.read(for: resources)
        thread?.join()
        for (state, history) in zip(states, preparation.histories.withLock { $0 }) {
            state.withHistory { $0 = history }
        }
        return readings
    }

    /// Applies the resources in their order, several at a time, and returns what became of them (nil for those that were
    /// not tried) and whether a request to stop came before the last. A request is nil where the keys could not be read.
    private func apply(
        _ resources: [Resource], _ requests: [RenderRequest?], _ progress: Progress
    ) -> (outcomes: [Outcome?], isStopped: Bool) {
        // Reloads come after all files, so each folder needs to be synced only once.
        let unsynced = UnsyncedFolders()
        defer { applier.synchronize(unsynced) }
        let queue = Mutex(Queue(outcomes: Array(repeating: nil, count: resources.count)))
        // Differences are printed in order, and the first failure may have to be the last.
        let isOrdered = failFast || applier.differences != nil
        withThreads(isOrdered ? 1 : min(resources.count, Self.threads())) {
            while let index = queue.withLock({ $0.take(of: resources.count, isStopping: shouldStop()) }) {
                let placement = place(requests[index], unsynced)
                queue.withLock { $0.note(placement, of: index) }
                guard case .done(let outcome) = placement else { continue }
                progress.advance()
                if stopsAtFailure(outcome, resources[index]) { return }
            }
        }
        checkInPlace(queue, progress)
        return queue.withLock { ($0.outcomes, $0.isStopped) }
    }

    /// Renders and replaces one resource. What has to be checked in its place waits for the others of the pass, unless the
    /// first failure is to be the last.
    private func place(_ request: RenderRequest?, _ unsynced: UnsyncedFolders) -> Placement {
        guard let request else { return .done(Outcome(.failed)) }
        let placement = applier.apply(renderings.use { applier.render(request) }, unsynced)
        guard failFast, case .awaitsCheck(let trial) = placement else { return placement }
        return .done(applier.checkInPlace([trial])[0])
    }

    /// Checks what waits for that, those with the same command together.
    private func checkInPlace(_ queue: borrowing Mutex<Queue>, _ progress: Progress) {
        let trials = queue.withLock { $0.trials.sorted { $0.key < $1.key } }
        if trials.isEmpty { return }
        if shouldStop() { return queue.withLock { $0.isStopped = true } }
        let outcomes = applier.checkInPlace(trials.map(\.value))
        queue.withLock { queue in
            for (trial, outcome) in zip(trials, outcomes) { queue.outcomes[trial.key] = outcome }
        }
        for _ in trials { progress.advance() }
    }

    /// How many resources to apply at a time: more than there are processors, for most of the time goes into waiting
    /// for the disk. Fewer where few files may be open, or memory is limited.
    private static func threads() -> Int {
        1 + ResourceRenderer.threads(DescriptorLimit.jobs(16, each: filesOfResource, reserve: filesOfAll) - 1)
    }

    /// How many files are open for one resource at a time, with its commands, and for all of them together: standard
    /// streams, the backend's connections, what wakes threads.
    static let filesOfResource = 8
    static let filesOfAll = 24

    /// Runs `body` here and on `count` - 1 more threads, and returns when all are done.
    private func withThreads(_ count: Int, _ body: @Sendable () -> Void) {
        withoutActuallyEscaping(body) { body in
            var threads: [Thread] = []
            for _ in 1..<max(1, count) {
                // Where there is no further thread to be had, those that run do the work.
                guard let thread = try? Thread.start(stackSize: ResourceRenderer.stackSize, smallest: 1 << 20, body)
                else { break }
                threads.append(thread)
            }
            body()
            for thread in threads { thread.join() }
        }
    }

    /// The resources that were taken so far, and their outcomes, by index.
    private struct Queue {
        var next = 0
        var isStopped = false
        /// nil for those that are not done.
        var outcomes: [Outcome?]
        /// Those that wait for a check in their place.
        var trials: [Int: Trial] = [:]

        mutating func note(_ placement: Placement, of index: Int) {
            switch placement {
            case .done(let outcome): outcomes[index] = outcome
            case .awaitsCheck(let trial): trials[index] = trial
            }
        }

        /// The next resource's number, unless there is none or it is not to be tried any more.
        mutating func take(of count: Int, isStopping: Bool) -> Int? {
            guard next < count else { return nil }
            isStopped = isStopping
            if isStopped { return nil }
            defer { next += 1 }
            return next
        }
    }

    /// `-failure-mode fail-fast`: the first failure is the last.
    private func stopsAtFailure(_ outcome: Outcome, _ resource: Resource) -> Bool {
        guard failFast, outcome.isFailure else { return false }
        logger.warning("Fail-fast mode: stopping after error in \(resource.destination)", resource)
        return true
    }

    /// Runs the reloads that are owed, and returns how each went. A command that we are about to become needs none.
    private func finish(
        _ states: [ResourceState], _ outcomes: [Outcome?]
    ) -> [ResourceID: ReloadOutcome.State] {
        let due = zip(states, outcomes).compactMap { state, outcome in outcome?.reload.map { (state, $0) } }
        if startsCommand {
            for (_, reload) in due { applier.reloadDone(reload) }
            return [:]
        }
        let reloads = applier.reload(due.map { state, reload in DueReload(reload, state.history) })
        for ((state, _), reload) in zip(due, reloads) { state.take(reload) }
        return Dictionary(uniqueKeysWithValues: zip(due.map(\.0.id), reloads.map(\.state)))
    }

    /// The resources that can be used; nil if there is none to speak of.
    private func load(_ report: inout Report) -> [Resource]? {
        logger.debug("Loading template resources from confdir \(loader.confdir)")
        let loaded: ResourceLoader.Result
        do {
            loaded = try loader.load()
        } catch {
            logger.error("Cannot load template resources: \(error.summary)", error)
            report.foundNothing = true
            return nil
        }
        for warning in loaded.warnings { logger.warning(warning.summary, warning) }
        for error in loaded.errors { logger.error("Cannot process template resource \(error.summary)", error) }
        report.failed += loaded.errors.count
        if loaded.resources.isEmpty, loaded.errors.isEmpty {
            logger.warning("Found no templates in \(loader.folder)")
            report.foundNothing = true
            return nil
        }
        for resource in loaded.resources {
            logger.debug("Found template: \(resource.file)")
            logger.debug("Loading template resource from \(resource.file)")
            logger.debug("Key prefix set to \(String(decoding: resource.prefix, as: UTF8.self))")
        }
        return loaded.resources
    }
}

extension Pass.Report {
    mutating func count(_ state: Outcome.State, isOwed: Bool) {
        if isOwed { reloadsOwed += 1 }
        switch state {
        case .inSync: inSync += isOwed ? 0 : 1
        case .updated, .wouldChange: updated += 1
        case .failed, .rejected, .refusedBefore: failed += 1
        }
    }
}
