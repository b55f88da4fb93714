import Posix

/// The program: settings, logging, wiring, exit code.
package enum Program {
    /// What `-version` prints.
    package static let version = "1.0.0"

    /// Ends the process.
    package static func exit(_ code: Int32) -> Never { CurrentProcess.exit(code) }

    /// Runs confd with the words of this process's command line; returns the exit code.
    package static func run() -> Int32 {
        let arguments = CurrentProcess.arguments
        // A log that nobody reads must not end the work.
        Signal.ignorePipe()
        NameServices.confine()
        let environment = Dictionary(
            environmentPairs().map {
                (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
            }
        ) { _, last in last }
        let settings: Settings
        do {
            settings = try SettingsLoader.load(Array(arguments.dropFirst()), environment: environment)
        } catch {
            print("confd: error: \(error.message)" + (error.hint.map { "\nhint: \($0)" } ?? ""), to: .error)
            return ExitCode.usage
        }
        if let page = settings.help {
            print(page.text, to: .output)
            return ExitCode.done
        }
        if settings.showVersion {
            print("confd \(version)", to: .output)
            return ExitCode.done
        }
        return run(settings, environment: environment, tag: arguments.first ?? "confd")
    }

    private static func run(_ settings: Settings, environment: [String: String], tag: String) -> Int32 {
        guard let backend = BackendConfiguration(settings) else { preconditionFailure("settings are validated") }
        let host = (try? Host.name()) ?? "localhost"  // A log line without the name is better than none.
        let logger = Logger(level: settings.logLevel, tag: tag, host: host) { line in
            // Nobody is left to tell when standard error is gone.
            try? StandardStream.error.write(line)
        }
        for warning in settings.warnings { logger.warning(warning) }
        do {
            // A command that we become inherits our signals; only one that we supervise gets them through us.
            let listener = try SignalListener(
                logger: logger, shutdownTimeout: settings.shutdownTimeout,
                supervises: !settings.command.isEmpty && !settings.onetime)
            try listener.listen()
            let pool = BackendPool(environment: environmentPairs()) { logger.warning($0) }
            let loader = ResourceLoader(settings, environment: environment, backend: backend)
            let pipeline = Pipeline(
                settings: settings, logger: logger, renderer: ResourceRenderer(settings),
                cancellation: listener.cancellation, child: listener.child)
            let pass = Pass(
                loader: loader, reader: SnapshotReader(pool, timeout: settings.backendTimeout), pipeline: pipeline,
                logger: logger, startsCommand: !settings.command.isEmpty, shouldStop: { listener.isStopping })
            let runner = Runner(settings: settings, logger: logger, listener: listener, pass: pass) {
                Daemon(
                    settings: settings, logger: logger, listener: listener, loader: loader, backends: pool,
                    pipeline: pipeline)
            }
            if settings.clientInsecure {
                logger.warning("-client-insecure: the certificates of the backend are not verified")
            }
            logger.info("Backend set to \(settings.backend)")
            logger.info("Starting confd")
            logger.info("Backend source(s) set to \(backend.sources.joined(separator: ", "))")
            return runner.run()
        } catch {
            logger.fatal(error.message)
            return ExitCode.failed
        }
    }

    /// The environment variables as names and values.
    private static func environmentPairs() -> [(name: [UInt8], value: [UInt8])] {
        Environment.entries().compactMap { entry in
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            return (Array(entry[..<equals]), Array(entry[(equals + 1)...]))
        }
    }

    private static func print(_ text: String, to stream: StandardStream) {
        // Nobody is left to tell when the stream is gone.
        try? stream.write(Array((text + "\n").utf8))
    }
}
