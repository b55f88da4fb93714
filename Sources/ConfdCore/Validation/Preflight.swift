import Backends
import Configuration
import KeyValue
import Posix

/// `-preflight`: contacts the backends and reads the keys of every resource; renders and writes nothing.
struct Preflight {
    private let settings: Settings
    private let logger: Logger
    private let loader: ResourceLoader
    private let backends: BackendPool

    init(_ settings: Settings, logger: Logger, loader: ResourceLoader, backends: BackendPool) {
        self.settings = settings
        self.logger = logger
        self.loader = loader
        self.backends = backends
    }

    /// Logs what it finds, a line for each resource, and returns the exit code.
    func run() -> Int32 {
        logger.info("Running pre-flight checks")
        let loaded: ResourceLoader.Result
        do {
            loaded = try loader.load(only: settings.resource)
        } catch {
            logger.error("Cannot load template resources: \(error.summary)", error)
            return ExitCode.failed
        }
        for warning in loaded.warnings { logger.warning(warning.summary, warning) }
        for error in loaded.errors { logger.error("Cannot process template resource \(error.summary)", error) }
        if loaded.fileCount == 0 { logger.warning("Found no templates in \(loader.folder)") }
        // One deadline for all of them.
        let deadline = Clock.monotonic() + settings.preflightTimeout
        var byName: [String: SnapshotReader.Reading] = [:]
        for resources in Dictionary(grouping: loaded.resources, by: \.backend).values {
            let left = max(deadline - Clock.monotonic(), .milliseconds(1))
            let readings = SnapshotReader(backends, timeout: left).read(for: resources)
            for (configuration, error) in readings.failures {
                logger.error(error.message, error.logFields(configuration))
            }
            for resource in resources { byName[resource.name] = readings[resource] }
        }
        var unreachable = false
        for resource in loaded.resources {
            guard case .success(let snapshot)? = byName[resource.name] else {
                logger.error("\(resource.name): its backend could not be read", resource)
                unreachable = true
                continue
            }
            log(resource, snapshot)
        }
        if unreachable { return ExitCode.backend }
        if !loaded.errors.isEmpty { return ExitCode.failed }
        logger.info("Pre-flight checks completed successfully")
        return ExitCode.done
    }

    private func log(_ resource: Resource, _ snapshot: Snapshot) {
        if resource.ranges.isEmpty { return logger.info("\(resource.name): needs no keys", resource) }
        let count = snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix).count
        if count > 0 { return logger.info("\(resource.name): \(count) keys found", resource) }
        let keys = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }.joined(separator: ", ")
        logger.warning("\(resource.name): no keys found under \(keys)", resource)
    }
}
