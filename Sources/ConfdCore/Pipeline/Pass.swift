import Backends
import KeyValue
import Posix

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
    /// Whether the first failure ends the round.
    let failFast: Bool
    /// Whether the service is started after this, and so reads the new files by itself.
    let startsCommand: Bool
    /// Whether to stop before the next resource.
    let shouldStop: @Sendable () -> Bool

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
        progress.begin("reading keys")
        let readings = reader.read(for: resources)
        for (configuration, reading) in readings {
            guard case .failure(let error) = reading else { continue }
            logger.error(error.text, configuration)
            report.backendFailed = true
        }
        var reloads: [Outcome.Reload] = []
        progress.begin("rendering", total: resources.count)
        for resource in resources {
            if shouldStop() {
                report.stopped = true
                break
            }
            guard case .success(let snapshot) = readings[resource.backend] ?? .success(Snapshot([])) else {
                report.failed += 1
                if failFast { break }
                continue
            }
            let outcome = pipeline.apply(resource, snapshot)
            report.count(outcome)
            if let reload = outcome.reload { reloads.append(reload) }
            progress.advance()
            if stopsAtFailure(outcome, resource) { break }
        }
        progress.begin("reloading")
        // Also after a request to stop: what was replaced must be reloaded.
        report.failed += finish(reloads)
        return report
    }

    /// `-failure-mode fail-fast`: the first failure is the last.
    private func stopsAtFailure(_ outcome: Outcome, _ resource: Resource) -> Bool {
        guard failFast, outcome.state == .failed || outcome.state == .rejected else { return false }
        logger.warning("Fail-fast mode: stopping after error in \(resource.destination)", resource)
        return true
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
            logger.error("Cannot load template resources: \(error.text)", error)
            report.foundNothing = true
            return nil
        }
        for warning in loaded.warnings { logger.warning(warning.text, warning) }
        for error in loaded.errors { logger.error("Cannot process template resource \(error.text)", error) }
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
