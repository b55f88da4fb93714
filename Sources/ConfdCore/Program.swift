import Applying
import Backends
import Configuration
import Diagnostics
import Posix

/// The program: settings, logging, wiring, exit code.
package enum Program {
    /// Ends the process.
    package static func exit(_ code: Int32) -> Never { CurrentProcess.exit(code) }

    /// Runs confd with the words of this process's command line; returns the exit code, or ends the process with it.
    package static func run() -> Int32 {
        // Before anything else: a HUP that arrives while settings are read is kept for the daemon.
        let held = HeldSignals()
        let arguments = CurrentProcess.arguments
        MemoryLimit.prepare()
        // Writing to a log pipe without a reader must not end the process.
        Signal.ignorePipe()
        Resolver.useBuiltInServices()
        let pairs = environmentPairs()
        let environment = Dictionary(
            pairs.map { (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)) }
        ) { _, last in last }
        CurrentProcess.hideArguments(after: OptionTable.secretFlags)
        let settings: Settings
        let errors: [SettingsError]
        do {
            (settings, errors) = try SettingsLoader.load(Array(arguments.dropFirst()), environment: environment)
        } catch {
            report(error)
            return ExitCode.usage
        }
        if let page = settings.help {
            print(page.text(of: settings.subcommand), to: .output)
            return ExitCode.done
        }
        if settings.showVersion {
            print("confd \(Version.current)", to: .output)
            return ExitCode.done
        }
        let host = (try? Host.name()) ?? "localhost"  // Without the name the log still works.
        let logger = Logger(
            level: settings.logLevel, format: settings.logFormat, isJournal: StandardStream.error.isJournal,
            tag: arguments.first ?? "confd", host: host
        ) { line in
            // Standard error may be closed; the work goes on without a log.
            try? StandardStream.error.write(line)
        }
        defer { logger.finish() }
        if !errors.isEmpty, !settings.validate {
            for error in errors {
                if settings.logFormat == .json { logger.fatal(error.summary, error) } else { report(error) }
            }
            return ExitCode.usage
        }
        if settings.subcommand == .status { return printStatus(settings) }
        if settings.subcommand == .release { return release(settings) }
        if settings.subcommand == .wait { return wait(settings) }
        if settings.subcommand == .clean { return clean(settings) }
        var service: ServiceDefinition?
        if settings.subcommand == .register {
            do throws(ResourceError) {
                service = try ServiceDefinition(settings.registration, backend: settings.backend)
            } catch {
                print("confd: error: \(PrintableText.text(error.text))", to: .error)
                return ExitCode.usage
            }
        }
        do {
            if settings.subcommand == .rollout {
                held.release()
                return rollout(settings, pairs, logger)
            }
            if settings.subcommand == .test {
                held.release()
                try test(settings, logger: logger)
            }
            if settings.subcommand == .render || settings.subcommand == .explain {
                held.release()
                try render(settings, pairs, environment: environment, logger: logger)
            }
            if settings.validate {
                // Validation has no listener: pending signals take effect now.
                held.release()
                try validate(settings, errors: errors, environment: environment, logger: logger)
            }
            try run(settings, service, pairs, held, environment: environment, logger: logger)
        } catch {
            logger.fatal(error.message)
            return ExitCode.failed
        }
    }

    private static func run(
        _ settings: Settings, _ service: ServiceDefinition?, _ pairs: [EnvironmentPair], _ held: HeldSignals,
        environment: [String: String], logger: Logger
    ) throws(SystemError) -> Never {
        let backends = settings.layers.map(\.backend)
        for warning in settings.warnings { logger.warning(warning.summary, warning) }
        for warning in WorldWritable.warnings([settings.configFile]) { logger.warning(warning.summary, warning) }
        // Signals are blocked before there is a second thread. A supervised command gets them forwarded; the command of
        // -onetime is not supervised: it replaces confd by exec.
        let listener = try SignalListener(
            logger: logger, shutdownTimeout: settings.shutdownTimeout, stopSignal: settings.stopSignal, held: held,
            supervises: !settings.command.isEmpty && !settings.onetime)
        let pool = BackendPool(environment: pairs.map { (Array($0.name), Array($0.value)) }) { logger.warning($0) }
        let loader = ResourceLoader(settings, environment: environment)
        let applier = Applier(
            settings: settings, logger: logger, renderer: ResourceRenderer(settings),
            cancellation: listener.requests.cancellation, child: listener.requests.child)
        for notice in backends.flatMap({ $0.kind.notices(of: $0.options) }) {
            switch notice {
            case .warning(let text): logger.warning(text)
            case .information(let text): logger.info(text)
            }
        }
        let names = settings.listedLayers.isEmpty ? [settings.backendName] : backends.map(\.name)
        logger.info("Backend set to \(names.joined(separator: ", "))")
        logger.info("Starting confd")
        for backend in backends {
            logger.info("Backend source(s) set to \(backend.sources.joined(separator: ", "))", backend)
        }
        try startEnding(logger) {
            if settings.preflight { return Preflight(settings, logger: logger, loader: loader, backends: pool).run() }
            let requests = listener.requests
            let engine = Engine(
                settings: settings, logger: logger, requests: requests, loader: loader, backends: pool,
                applier: applier, service: service)
            return run(engine, settings, requests, logger)
        }
        listener.listen()
    }

    /// Runs the engine to its end; returns the exit code, unless the process goes on as the command of `-onetime`.
    private static func run(_ engine: Engine, _ settings: Settings, _ requests: Requests, _ logger: Logger) -> Int32 {
        do throws(SystemError) {
            let code = try engine.run()
            let becomesCommand = settings.onetime && !settings.command.isEmpty && !requests.isStopping
            guard code == ExitCode.done, becomesCommand else { return code }
        } catch {
            logger.fatal(error.message)
            return ExitCode.failed
        }
        return Supervisor.become(settings.command, logger: logger)
    }

    /// Starts a thread that ends the process with the exit code of `body`; its stack is large enough for templates.
    /// Detached: joining unmaps the stack, and the TLB shootdown interrupts every CPU.
    private static func startEnding(
        _ logger: Logger, by body: @escaping @Sendable () -> Int32
    ) throws(SystemError) {
        try Thread.detach(stackSize: ResourceRenderer.stackSize) {
            let code = body()
            logger.finish()
            exit(code)
        }
    }

    /// `-validate`: prints its findings to standard error in the form of a compiler's, or with -log-format json as log
    /// lines.
    private static func validate(
        _ settings: Settings, errors: [SettingsError], environment: [String: String], logger: Logger
    ) throws(SystemError) -> Never {
        let loader = ResourceLoader(settings, environment: environment)
        try startEnding(logger) {
            var validation = Validation(settings, errors: errors, loader: loader)
            return printReport(validation.run(), settings, logger)
        }
        CurrentProcess.waitForEnd()
    }

    private static func printReport(_ report: Validation.Report, _ settings: Settings, _ logger: Logger) -> Int32 {
        guard settings.logFormat == .json else {
            for finding in report.findings { print(PrintableText.text(finding.text), to: .error) }
            print(report.summary, to: .error)
            return report.exitCode
        }
        for finding in report.findings {
            switch finding.severity {
            case .error: logger.error(finding.report.message, finding)
            case .warning: logger.warning(finding.report.message, finding)
            case .note: logger.info(finding.report.message, finding)
            }
        }
        if report.exitCode == ExitCode.done { logger.info(report.summary) } else { logger.error(report.summary) }
        return report.exitCode
    }

    /// `confd render` and `confd explain`.
    private static func render(
        _ settings: Settings, _ pairs: [EnvironmentPair], environment: [String: String], logger: Logger
    ) throws(SystemError) -> Never {
        for warning in settings.warnings { logger.warning(warning.summary, warning) }
        let pool = BackendPool(environment: pairs.map { (Array($0.name), Array($0.value)) }) { logger.warning($0) }
        let loader = ResourceLoader(settings, environment: environment)
        try startEnding(logger) {
            if settings.subcommand == .explain {
                return ExplainCommand(settings: settings, logger: logger, loader: loader, backends: pool).run()
            }
            return RenderCommand(settings: settings, logger: logger, loader: loader, backends: pool).run()
        }
        CurrentProcess.waitForEnd()
    }

    /// `confd test`.
    private static func test(_ settings: Settings, logger: Logger) throws(SystemError) -> Never {
        try startEnding(logger) {
            do throws(TestCommand.Problem) {
                return try TestCommand(settings: settings).run { (text) throws(SystemError) in
                    try StandardStream.output.write(text)
                }
            } catch {
                print("confd: error: \(PrintableText.text(error.text))", to: .error)
                return error.exitCode
            }
        }
        CurrentProcess.waitForEnd()
    }

    /// `confd status`.
    private static func printStatus(_ settings: Settings) -> Int32 {
        let socket = settings.controlSocket ?? ""
        let command = StatusCommand(
            socket: socket, wantsJSON: settings.json, isColoured: settings.coloursOutput,
            resource: settings.namedResource)
        do throws(DaemonClient.Problem) {
            let answer = command.printable(try command.run())
            // A reader that has closed the pipe, as `head` does, needs no more.
            try? StandardStream.output.write(answer)
            return ExitCode.done
        } catch {
            print("confd: error: \(PrintableText.text(error.message(socket)))", to: .error)
            if case .noResource = error { return ExitCode.usage }
            return ExitCode.backend
        }
    }

    /// `confd release`.
    private static func release(_ settings: Settings) -> Int32 {
        let resource = settings.namedResource ?? ""
        do throws(ReleaseCommand.Problem) {
            let answer = try ReleaseCommand(
                resource: resource, socket: settings.controlSocket, stateDirectory: settings.stateDirectory
            ).run()
            let message = PrintableText.text(answer.message(resource))
            if case .unknown = answer {
                print("confd: error: \(message)", to: .error)
                return ExitCode.usage
            }
            print(message, to: .output)
            return ExitCode.done
        } catch {
            print("confd: error: \(PrintableText.text(error.message))", to: .error)
            return ExitCode.backend
        }
    }

    /// `confd wait`.
    private static func wait(_ settings: Settings) -> Int32 {
        let socket = settings.controlSocket ?? ""
        do throws(DaemonClient.Problem) {
            let result = try WaitCommand(socket: socket, settings.waiting).run()
            if let message = result.message(timeout: settings.waiting.timeout) {
                print("confd: error: \(PrintableText.text(message))", to: .error)
            }
            return result.exitCode
        } catch {
            print("confd: error: \(PrintableText.text(error.message(socket)))", to: .error)
            return ExitCode.backend
        }
    }

    /// `confd clean`.
    private static func clean(_ settings: Settings) -> Int32 {
        let resource = settings.namedResource ?? ""
        do throws(ReleaseCommand.Problem) {
            let command = CleanCommand(
                resource: resource, socket: settings.controlSocket, stateDirectory: settings.stateDirectory)
            let answer = try command.run()
            let message = PrintableText.text(answer.message(command.resource))
            if answer.isRefusal {
                print("confd: error: \(message)", to: .error)
                return ExitCode.usage
            }
            print(message, to: .output)
            return answer.isComplete ? ExitCode.done : ExitCode.failed
        } catch {
            print("confd: error: \(PrintableText.text(error.message))", to: .error)
            return ExitCode.backend
        }
    }

    /// `confd rollout`.
    private static func rollout(_ settings: Settings, _ pairs: [EnvironmentPair], _ logger: Logger) -> Int32 {
        let pool = BackendPool(environment: pairs.map { (Array($0.name), Array($0.value)) }) { logger.warning($0) }
        do throws(RolloutCommand.Problem) {
            let command = try RolloutCommand(settings, pool)
            let verb = settings.rolloutArguments.verb ?? .status
            let changes: [RolloutCommand.Change]
            switch verb {
            case .status:
                let report = try command.read()
                let text =
                    settings.json
                    ? RolloutCommand.json(of: command.group, report)
                    : RolloutCommand.table(report, isColoured: settings.coloursOutput)
                print(text, to: .output)
                return ExitCode.done
            case .halt:
                // Without the host's name only the reason of the halt is less precise.
                changes = try command.halt(by: "an operator at \((try? Host.name()) ?? "some host")")
            case .resume: changes = try command.resume()
            }
            let (text, isDone) = RolloutCommand.text(changes, verb)
            print(PrintableText.text(text), to: .output)
            return isDone ? ExitCode.done : ExitCode.failed
        } catch {
            print("confd: error: \(PrintableText.text(error.message))", to: .error)
            return error.exitCode
        }
    }

    private typealias EnvironmentPair = (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)

    /// The environment variables as names and values.
    private static func environmentPairs() -> [EnvironmentPair] {
        Environment.entries().compactMap { entry in
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            return (entry[..<equals], entry[(equals + 1)...])
        }
    }

    private static func report(_ error: SettingsError) {
        print("confd: error: \(PrintableText.text(error.text))", to: .error)
    }

    private static func print(_ text: String, to stream: StandardStream) {
        // The stream may be closed; the exit code still tells the result.
        try? stream.write(Array((text + "\n").utf8))
    }
}
