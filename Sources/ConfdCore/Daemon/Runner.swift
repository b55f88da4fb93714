import Configuration
import Posix

/// Runs once, or as a daemon.
package struct Runner: Sendable {
    private let settings: Settings
    private let logger: Logger
    private let listener: SignalListener
    private let pass: Pass
    private let daemon: @Sendable () -> Daemon

    /// `daemon` is made when there is more than one pass to run.
    package init(
        settings: Settings, logger: Logger, listener: SignalListener, pass: Pass,
        daemon: @escaping @Sendable () -> Daemon
    ) {
        self.settings = settings
        self.logger = logger
        self.listener = listener
        self.pass = pass
        self.daemon = daemon
    }

    /// Runs to the end and returns the exit code. To be called on a thread with a stack of `ResourceRenderer.stackSize`.
    package func run() -> Int32 {
        do {
            guard settings.onetime else { return try daemon().run() }
            let code = try runOnce()
            return code == ExitCode.done && !settings.command.isEmpty && !listener.isStopping ? becomeCommand() : code
        } catch {
            logger.fatal(error.message)
            return ExitCode.failed
        }
    }

    /// `-onetime -- COMMAND`: we go on as the command, with our process id.
    private func becomeCommand() -> Int32 {
        ChildEnvironment.forgetSecrets()
        do throws(SystemError) {
            try CurrentProcess.become(settings.command.map { Array($0.utf8) })
        } catch {
            logger.fatal("cannot start \(settings.command[0]): \(error.reason)")
            return Supervisor.exitCode(of: error)
        }
    }

    /// One pass; a backend that cannot be reached is tried again for `-retry-for`.
    private func runOnce() throws(SystemError) -> Int32 {
        let start = Clock.monotonic()
        // A pass that is repeated goes on with what the one before has learned.
        let table = ResourceTable()
        var delay = Duration.milliseconds(100)
        while true {
            let report = pass.run(table, at: Clock.monotonic())
            if report.stopped { return ExitCode.done }
            let left = settings.retryFor - (Clock.monotonic() - start)
            if report.backendFailed, left > .zero, !listener.isStopping {
                try listener.wait(min(delay, left))
                delay = min(delay * 2, .seconds(5))
                if !listener.isStopping { continue }
            }
            logSummary(report, since: start)
            if report.foundNothing { return ExitCode.usage }
            if report.backendFailed { return ExitCode.backend }
            if report.failed + report.reloadsOwed > 0 { return ExitCode.failed }
            return settings.check && report.updated > 0 ? ExitCode.drift : ExitCode.done
        }
    }

    private func logSummary(_ report: Pass.Report, since start: Duration) {
        let milliseconds = Int((Clock.monotonic() - start).milliseconds())
        let owed = report.reloadsOwed
        let changed = settings.noop ? "would change" : owed > 0 ? "written" : "changed"
        let reloads = owed > 0 ? ", \(owed) \(owed == 1 ? "reload" : "reloads") owed" : ""
        let fields = LogFields([
            ("changed", .number(report.updated)), ("reloads_owed", .number(owed)), ("in_sync", .number(report.inSync)),
            ("failed", .number(report.failed)), ("milliseconds", .number(milliseconds)),
        ])
        logger.info(
            "\(report.updated) \(changed)\(reloads), \(report.inSync) in sync, \(report.failed) failed, "
                + "in \(milliseconds) ms", fields)
    }
}
