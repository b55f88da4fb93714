import Posix

/// Decides when a pass runs: once, or again and again.
package struct Runner {
    private let settings: Settings
    private let logger: Logger
    private let stop: StopRequest
    private let pass: Pass

    package init(settings: Settings, logger: Logger, stop: StopRequest, pass: Pass) {
        self.settings = settings
        self.logger = logger
        self.stop = stop
        self.pass = pass
    }

    /// Runs to the end and returns the exit code.
    package func run() -> Int32 {
        do {
            return settings.onetime ? try runOnce() : try runAtIntervals()
        } catch {
            logger.fatal(error.message)
            return ExitCode.failed
        }
    }

    /// One pass; a backend that cannot be reached is tried again for `-retry-for`.
    private func runOnce() throws(SystemError) -> Int32 {
        let start = Clock.monotonic()
        var delay = Duration.milliseconds(100)
        while true {
            let report = pass.run()
            if report.stopped { return ExitCode.done }
            let left = settings.retryFor - (Clock.monotonic() - start)
            if report.backendFailed, left > .zero, !stop.isMade {
                try stop.wait(min(delay, left))
                delay = min(delay * 2, .seconds(5))
                if !stop.isMade { continue }
            }
            logSummary(report, since: start)
            if report.foundNothing { return ExitCode.usage }
            if report.backendFailed { return ExitCode.backend }
            return report.failed > 0 ? ExitCode.failed : ExitCode.done
        }
    }

    private func logSummary(_ report: Pass.Report, since start: Duration) {
        let took = GoDuration.text(Clock.monotonic() - start)
        let changed = settings.noop ? "would change" : "changed"
        logger.info(
            "\(report.updated) \(changed), \(report.inSync) in sync, \(report.failed) failed, in \(took)")
    }

    /// A pass, then a rest of `-interval`; each pass reads resources and templates anew.
    private func runAtIntervals() throws(SystemError) -> Int32 {
        while !stop.isMade {
            _ = pass.run()
            if !stop.isMade { try stop.wait(settings.interval) }
        }
        return ExitCode.done
    }
}
