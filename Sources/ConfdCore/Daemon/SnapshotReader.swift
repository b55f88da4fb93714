import Backends
import Configuration
import KeyValue

/// Reads each backend once for all resources that use it: everything a pass renders comes from one revision.
package struct SnapshotReader: Sendable {
    private let backends: BackendPool
    private let timeout: Duration

    package init(_ backends: BackendPool, timeout: Duration) {
        self.backends = backends
        self.timeout = timeout
    }

    /// One backend's keys, or why they could not be read.
    package typealias Reading = Result<Snapshot, BackendError>

    /// What was read for each of some resources.
    package struct Readings: Sendable {
        fileprivate var byName: [String: Reading] = [:]
        /// What could not be read, each failure once.
        package fileprivate(set) var failures: [(backend: BackendConfiguration, error: BackendError)] = []

        /// What was read for `resource`; those without keys need nothing: confd renders them over an empty store.
        package subscript(resource: Resource) -> Reading { byName[resource.name] ?? .success(Snapshot([])) }
    }

    /// Reads what `resources` need, backend by backend. Where some of it may not be read, the others get theirs.
    package func read(for resources: [Resource]) -> Readings {
        var readings = Readings()
        for (configuration, resources) in Dictionary(grouping: resources.filter { !$0.ranges.isEmpty }, by: \.backend) {
            var waiting = resources
            while !waiting.isEmpty {
                let reading = read(configuration, waiting.flatMap(\.ranges))
                var concerned = waiting
                if case .failure(let error) = reading {
                    readings.failures.append((configuration, error))
                    let refused = error.refused.map { range in waiting.filter { $0.needs(range) } } ?? []
                    if !refused.isEmpty { concerned = refused }
                }
                for resource in concerned { readings.byName[resource.name] = reading }
                waiting.removeAll { readings.byName[$0.name] != nil }
            }
        }
        return readings
    }

    private func read(_ configuration: BackendConfiguration, _ ranges: [KeyRange]) -> Reading {
        do {
            return .success(try backends.backend(for: configuration).snapshot(of: ranges, timeout: timeout))
        } catch {
            return .failure(error)
        }
    }
}
