import Backends
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

    /// Reads what `resources` need, backend by backend.
    package func read(for resources: [Resource]) -> [BackendConfiguration: Reading] {
        var ranges: [BackendConfiguration: [KeyRange]] = [:]
        for resource in resources { ranges[resource.backend, default: []] += resource.ranges }
        return Dictionary(
            uniqueKeysWithValues: ranges.map { configuration, ranges in (configuration, read(configuration, ranges)) })
    }

    private func read(_ configuration: BackendConfiguration, _ ranges: [KeyRange]) -> Reading {
        // Resources without keys need no backend: confd renders them over an empty store.
        if ranges.isEmpty { return .success(Snapshot([])) }
        do {
            return .success(try backends.backend(for: configuration).snapshot(of: ranges, timeout: timeout))
        } catch {
            return .failure(error)
        }
    }
}
