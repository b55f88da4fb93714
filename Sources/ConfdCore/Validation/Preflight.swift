import Applying
import Backends
import Configuration
import KeyValue
import Posix
import Rendering

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
        guard case .success(let loaded) = loading else { return ExitCode.usage }
        let snapshots = read(loaded.resources)
        var unreachable = false
        var isIncomplete = false
        for resource in loaded.resources {
            guard let snapshot = snapshots[resource.name] else {
                logger.error("\(resource.name): its backend could not be read", resource)
                unreachable = true
                continue
            }
            if !log(resource, snapshot) { isIncomplete = true }
        }
        let services = max(check(loaded.services), checkRollouts(loaded.resources))
        if unreachable || services == ExitCode.backend { return ExitCode.backend }
        if services != ExitCode.done { return services }
        if !loaded.errors.isEmpty || isIncomplete { return ExitCode.failed }
        logger.info("Pre-flight checks completed successfully")
        return ExitCode.done
    }

    /// What the resources need, by their names; none for those whose backend could not be read, which is logged.
    private func read(_ resources: [Resource]) -> [String: Snapshot] {
        // One deadline for all of them.
        let deadline = Clock.monotonic() + settings.preflightTimeout
        let uses = resources.flatMap { resource in
            resource.layers.filter { !$0.ranges.isEmpty }.map { Use(resource: resource.name, layer: $0) }
        }
        let backends = Dictionary(grouping: uses, by: \.layer.backend)
        let read = backends.reduce(into: [:]) { read, entry in
            read.merge(self.read(entry.key, for: entry.value, until: deadline)) { first, _ in first }
        }
        return resources.reduce(into: [:]) { snapshots, resource in
            let parts = resource.layers.map { layer in
                layer.ranges.isEmpty ? Snapshot([]) : read[Use(resource: resource.name, layer: layer)]
            }
            guard zip(resource.layers, parts).allSatisfy({ $0.isOptional || $1 != nil }) else { return }
            snapshots[resource.name] = BackendLayer.merged(resource.layers, parts)
        }
    }

    /// A backend of a resource.
    private struct Use: Hashable {
        let resource: String
        let layer: BackendLayer
    }

    private func read(
        _ configuration: BackendConfiguration, for uses: [Use], until deadline: Duration
    ) -> [Use: Snapshot] {
        // Each range that may not be read is named, and the resources that do without it get their keys.
        var refused: [KeyRange] = []
        while true {
            let ranges = uses.flatMap(\.layer.ranges).filter { range in !refused.contains { $0.overlaps(range) } }
            if ranges.isEmpty { return [:] }
            do throws(BackendError) {
                let left = max(deadline - Clock.monotonic(), .milliseconds(1))
                let snapshot = try backends.backend(for: configuration).snapshot(of: ranges, timeout: left)
                let readable = uses.filter { !refused.contains(where: $0.layer.needs) }
                return readable.reduce(into: [:]) { $0[$1] = snapshot }
            } catch {
                logger.log(error, of: configuration, isOptional: uses.allSatisfy(\.layer.isOptional))
                guard let range = error.refused, !refused.contains(where: range.overlaps) else { return [:] }
                refused.append(range)
            }
        }
    }

    /// False if it asks for keys and there are none.
    private func log(_ resource: Resource, _ snapshot: Snapshot) -> Bool {
        if resource.ranges.isEmpty {
            logger.info("\(resource.name): needs no keys", resource)
            return true
        }
        let count = snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix).count
        if count > 0 {
            logger.info("\(resource.name): \(count) keys found", resource)
            return true
        }
        let keys = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }.joined(separator: ", ")
        let near = resource.ranges.lazy.compactMap { NearKeys.path(near: $0.path, in: snapshot) }.first
        let hint = near.map { "did you mean \"\(String(decoding: $0, as: UTF8.self))\"?" }
        logger.warning("\(resource.name): no keys found under \(keys)", resource.logFields.explained(hint: hint))
        return false
    }
}
