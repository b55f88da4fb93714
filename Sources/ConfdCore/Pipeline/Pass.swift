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
        /// It was told to stop before the last resource.
        package var stopped = false
    }

    let loader: ResourceLoader
    let reader: SnapshotReader
    let pipeline: Pipeline
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
    package func run() -> Report {
        // Differences that are printed would run into the line.
        let progress = Progress(logger, isTerminal: StandardStream.error.isTerminal && pipeline.differences == nil)
        defer { progress.end() }
        var report = Report()
        guard let resources = load(&report) else { return report }
        if failFast, report.failed > 0 {
            logger.warning("Fail-fast mode: stopping, nothing has been changed")
            return report
        }
        logger.debug("Retrieving keys from store")
        // Whatever becomes of the backend: a file that was never accepted must not stay.
        for resource in resources where resource.checksInPlace { pipeline.heal(resource) }
        progress.begin("reading keys")
        let readings = read(for: resources)
        for (configuration, error) in readings.failures {
            logger.error(error.message, error.logFields(configuration))
            report.backendFailed = true
        }
        progress.begin("rendering", total: resources.count)
        let (outcomes, isStopped) = apply(resources, readings, progress)
        report.stopped = isStopped
        progress.begin("reloading")
        // Also after a request to stop: what was replaced must be reloaded.
        let failed = finish(outcomes.compactMap(\.outcome.reload))
        let owed = Set(failed.owed.map(\.resource.name))
        let rolledBack = Set(failed.rolledBack.map(\.resource.name))
        for (name, outcome) in outcomes {
            report.count(rolledBack.contains(name) ? .failed : outcome.state, isOwed: owed.contains(name))
        }
        return report
    }

    /// Reads the keys, and gets ready what can be without them meanwhile.
    private func read(for resources: [Resource]) -> SnapshotReader.Readings {
        let prepare: @Sendable () -> Void = {
            for resource in resources { pipeline.prepare(resource) }
        }
        let thread = try? Thread.start(prepare)
        if thread == nil { prepare() }
        defer { thread?.join() }
        return reader.read(for: resources)
    }

    /// Applies the resources in their order, several at a time, and returns what became of them and whether a request
    /// to stop came before the last.
    private func apply(
        _ resources: [Resource], _ readings: SnapshotReader.Readings, _ progress: Progress
    ) -> (outcomes: [(name: String, outcome: Outcome)], isStopped: Bool) {
        // Reloads come after all files, so each folder needs to be synced only once.
        let unsynced = UnsyncedFolders()
        defer { pipeline.synchronize(unsynced) }
        let queue = Mutex(Queue(outcomes: Array(repeating: nil, count: resources.count)))
        // Differences are printed in order, and the first failure may have to be the last.
        let isOrdered = failFast || pipeline.differences != nil
        withThreads(isOrdered ? 1 : min(resources.count, Self.threads())) {
            while let index = queue.withLock({ $0.take(of: resources.count, isStopping: shouldStop()) }) {
                let resource = resources[index]
                let placement = place(resource, readings[resource], unsynced)
                queue.withLock { $0.note(placement, of: index) }
                guard case .done(let outcome) = placement else { continue }
                progress.advance()
                if stopsAtFailure(outcome, resource) { return }
            }
        }
        checkInPlace(queue, progress, unsynced)
        return queue.withLock { queue in
            let outcomes = zip(resources, queue.outcomes).compactMap { resource, outcome in
                outcome.map { (resource.name, $0) }
            }
            return (outcomes, queue.isStopped)
        }
    }

    /// Renders and replaces one resource. What has to be checked in its place waits for the others of the pass, unless the
    /// first failure is to be the last.
    private func place(
        _ resource: Resource, _ reading: Result<Snapshot, BackendError>, _ unsynced: UnsyncedFolders
    ) -> Placement {
        guard case .success(let snapshot) = reading else { return .done(Outcome(.failed)) }
        let placement = pipeline.put(renderings.use { pipeline.render(resource, snapshot) }, unsynced)
        guard failFast, case .awaitsCheck(let trial) = placement else { return placement }
        return .done(pipeline.checkInPlace([trial], unsynced)[0])
    }

    /// Checks what waits for that, those with the same command together.
    private func checkInPlace(_ queue: borrowing Mutex<Queue>, _ progress: Progress, _ unsynced: UnsyncedFolders) {
        let trials = queue.withLock { $0.trials.sorted { $0.key < $1.key } }
        if trials.isEmpty { return }
        if shouldStop() { return queue.withLock { $0.isStopped = true } }
        let outcomes = pipeline.checkInPlace(trials.map(\.value), unsynced)
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

    /// What is taken of a pass's resources, and what became of them, by their number.
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
        guard failFast, outcome.state == .failed || outcome.state == .rejected else { return false }
        logger.warning("Fail-fast mode: stopping after error in \(resource.destination)", resource)
        return true
    }

    /// Runs the reloads. A command that we are about to become needs none.
    private func finish(_ reloads: [Outcome.Reload]) -> Pipeline.FailedReloads {
        if !startsCommand { return pipeline.reload(reloads) }
        for reload in reloads { pipeline.settle(reload) }
        return Pipeline.FailedReloads()
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
        case .failed, .rejected: failed += 1
        }
    }
}
