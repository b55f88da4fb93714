import Applying
import Backends
import Configuration
import KeyValue
import Posix

/// `-preflight`: contacts the backends and reads the keys of every resource; renders and writes nothing.
struct Preflight {
    let settings: Settings
    let logger: Logger
    private let loader: ResourceLoader
    let backends: BackendPool

    init(_ settings: Settings, logger: Logger, loader: ResourceLoader, backends: BackendPool) {
        self.settings = settings
        self.logger = logger
        self.loader = loader
        self.backends = backends
    }

    /// Logs what it finds, a line for each resource, and returns the exit code.
    func run() -> Int32 {
        logger.info("Running pre-flight checks")
        let loading = Result { () throws(ResourceError) in try loader.load(only: settings.resource) }
        logger.report(ResourceProblem.all(of: loading, in: loader.folder))
        guard case .success(let loaded) = loading else { return ExitCode.failed }
        let snapshots = read(loaded.resources)
        var unreachable = false
        for resource in loaded.resources {
            guard let snapshot = snapshots[resource.name] else {
                logger.error("\(resource.name): its backend could not be read", resource)
                unreachable = true
                continue
            }
            log(resource, snapshot)
        }
        let services = check(loaded.services)
        if unreachable || services == ExitCode.backend { return ExitCode.backend }
        if services != ExitCode.done { return services }
        if !loaded.errors.isEmpty { return ExitCode.failed }
        logger.info("Pre-flight checks completed successfully")
        return ExitCode.done
    }

    /// What the resources need, by their names; none for those whose backend could not be read, which is logged.
    private func read(_ resources: [Resource]) -> [String: Snapshot] {
        // One deadline for all of them.
        let deadline = Clock.monotonic() + settings.preflightTimeout
        var snapshots: [String: Snapshot] = [:]
        for (configuration, resources) in Dictionary(grouping: resources, by: \.backend) {
            var waiting = resources.filter { !$0.ranges.isEmpty }
            for resource in resources where resource.ranges.isEmpty { snapshots[resource.name] = Snapshot([]) }
            while !waiting.isEmpty {
                do throws(BackendError) {
                    let left = max(deadline - Clock.monotonic(), .milliseconds(1))
                    let snapshot = try backends.backend(for: configuration)
                        .snapshot(of: waiting.flatMap(\.ranges), timeout: left)
                    for resource in waiting { snapshots[resource.name] = snapshot }
                    waiting = []
                } catch {
                    logger.error(error.message, error.logFields(configuration))
                    // Where some of it may not be read, the others get theirs.
                    let others = waiting.filter { resource in error.refused.map { !resource.needs($0) } ?? false }
                    waiting = others.count < waiting.count ? others : []
                }
            }
        }
        return snapshots
    }

    private func log(_ resource: Resource, _ snapshot: Snapshot) {
        if resource.ranges.isEmpty { return logger.info("\(resource.name): needs no keys", resource) }
        let count = snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix).count
        if count > 0 { return logger.info("\(resource.name): \(count) keys found", resource) }
        let keys = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }.joined(separator: ", ")
        logger.warning("\(resource.name): no keys found under \(keys)", resource)
    }
}
