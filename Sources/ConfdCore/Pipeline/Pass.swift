import Backends
import KeyValue
import Posix
import Synchronization

/// One round over all resources: read, render and replace each, then run the reloads that are owed.
package struct Pass {
    /// How a round went.
    package struct Report: Equatable, Sendable {
        package var updated = 0
        package var inSync = 0
        package var failed = 0
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
    /// Whether the service is started after this, and so reads the new files by itself.
    let startsCommand: Bool
    /// Whether to stop before the next resource.
    let shouldStop: @Sendable () -> Bool

    /// Runs the round. Every failure is logged, none stops the others.
    package func run() -> Report {
        var report = Report()
        guard let resources = load(&report) else { return report }
        logger.debug("Retrieving keys from store")
        let readings = reader.read(for: resources)
        for case .failure(let error) in readings.values {
            logger.error(error.message + (error.hint.map { "\nhint: \($0)" } ?? ""))
            report.backendFailed = true
        }
        let outcomes = apply(resources, readings)
        for outcome in outcomes { report.count(outcome) }
        report.stopped = outcomes.count < resources.count
        let reloads = outcomes.compactMap(\.reload)
        // Also after a request to stop: what was replaced must be reloaded.
        report.failed += finish(reloads)
        return report
    }

    /// Applies the resources in their order, several at a time. Outcomes are left out only at the end, after a
    /// request to stop.
    private func apply(
        _ resources: [Resource], _ readings: [BackendConfiguration: Result<Snapshot, BackendError>]
    ) -> [Outcome] {
        let queue = Mutex(Queue())
        withThreads(min(resources.count, Pipeline.threads)) {
            while !shouldStop() {
                guard let index = queue.withLock({ $0.take(of: resources.count) }) else { return }
                let resource = resources[index]
                let outcome: Outcome =
                    switch readings[resource.backend] ?? .success(Snapshot([])) {
                    case .success(let snapshot): pipeline.apply(resource, snapshot)
                    case .failure: Outcome(.failed)
                    }
                queue.withLock { $0.outcomes[index] = outcome }
            }
        }
        return queue.withLock { queue in (0..<queue.next).compactMap { queue.outcomes[$0] } }
    }

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
        var outcomes: [Int: Outcome] = [:]

        mutating func take(of count: Int) -> Int? {
            guard next < count else { return nil }
            defer { next += 1 }
            return next
        }
    }

    /// Runs the reloads, and returns how many failed. A command that we are about to become needs none.
    private func finish(_ reloads: [Outcome.Reload]) -> Int {
        if startsCommand {
            for reload in reloads { pipeline.settle(reload) }
            return 0
        }
        let failed = pipeline.reload(reloads)
        return failed.owed.count + failed.rolledBack.count
    }

    /// The resources that can be used; nil if there is none to speak of.
    private func load(_ report: inout Report) -> [Resource]? {
        logger.debug("Loading template resources from confdir \(loader.confdir)")
        let loaded: ResourceLoader.Result
        do {
            loaded = try loader.load()
        } catch {
            logger.error("Cannot load template resources: \(error.text)")
            report.foundNothing = true
            return nil
        }
        for warning in loaded.warnings { logger.warning(warning.text) }
        for error in loaded.errors { logger.error("Cannot process template resource \(error.text)") }
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
    mutating func count(_ outcome: Outcome) {
        switch outcome.state {
        case .inSync: inSync += 1
        case .updated, .wouldChange: updated += 1
        case .failed, .rejected: failed += 1
        }
    }
}
