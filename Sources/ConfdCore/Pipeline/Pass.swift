import Backends
import KeyValue

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
        for error in readings.failures {
            logger.error(error.message + (error.hint.map { "\nhint: \($0)" } ?? ""))
            report.backendFailed = true
        }
        var reloads: [Outcome.Reload] = []
        for resource in resources {
            if shouldStop() {
                report.stopped = true
                break
            }
            guard case .success(let snapshot) = readings[resource] else {
                report.failed += 1
                continue
            }
            let outcome = pipeline.apply(resource, snapshot)
            report.count(outcome)
            if let reload = outcome.reload { reloads.append(reload) }
        }
        // Also after a request to stop: what was replaced must be reloaded.
        report.failed += finish(reloads)
        return report
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
