import Configuration
import Posix
import Synchronization

/// The counters for /metrics; names and labels are those of confd's fork where it has the same counter.
package final class Metrics: Sendable {
    /// Counters by name and labels.
    package struct Sample: Hashable, Sendable {
        package let name: String
        package let labels: [Label]

        package struct Label: Hashable, Sendable {
            package let name: String
            package let value: String
        }

        init(_ name: String, _ labels: [(String, String)] = []) {
            self.name = name
            self.labels = labels.map { Label(name: $0.0, value: $0.1) }
        }
    }

    private struct State {
        var counts: [Sample: Int] = [:]
        /// Those about one file, by its path.
        var ofFiles: [String: [Sample: Int]] = [:]
        var lastSuccess: WallTime?
    }

    private let state = Mutex(State())
    private let areRead: Bool

    /// With `areRead` false, nothing is counted: there is no `-metrics-addr`.
    package init(areRead: Bool = true) { self.areRead = areRead }

    /// A template was rendered, compared and, where needed, replaced.
    func countPass(of resource: Resource, succeeded: Bool) {
        count(
            Sample(
                "confd_template_process_total",
                [("dest", resource.destination), ("status", succeeded ? "success" : "error")]), of: resource)
        if succeeded, areRead { state.withLock { $0.lastSuccess = Clock.wall() } }
    }

    /// A file was replaced.
    func countChange(of resource: Resource) {
        count(Sample("confd_file_sync_total", [("dest", resource.destination)]), of: resource)
        count(Sample("confd_file_changed_total"))
    }

    /// A `check_cmd` ran, or a reload of any kind.
    func countCommand(_ type: String, _ resource: Resource, succeeded: Bool) {
        count(
            Sample(
                "confd_command_total",
                [("type", type), ("dest", resource.destination), ("status", succeeded ? "success" : "error")]),
            of: resource)
    }

    /// A backend could not be read, or a watch broke.
    package func countFailure(of configuration: BackendConfiguration) {
        count(Sample("confd_backend_errors_total", configuration.metricLabels))
    }

    private func count(_ sample: @autoclosure () -> Sample, of resource: Resource? = nil) {
        guard areRead else { return }
        let sample = sample()
        state.withLock { state in
            if let resource {
                state.ofFiles[resource.destination, default: [:]][sample, default: 0] += 1
            } else {
                state.counts[sample, default: 0] += 1
            }
        }
    }

    /// Drops the counters of the file of `resource`, which is gone or writes another one now.
    package func forget(_ resource: Resource) {
        guard areRead else { return }
        state.withLock { $0.ofFiles[resource.destination] = nil }
    }

    /// All counters, sorted by name and labels.
    package var counters: [(sample: Sample, count: Int)] {
        let (counts, ofFiles) = state.withLock { ($0.counts, $0.ofFiles) }
        let all = counts.map { ($0.key, $0.value) } + ofFiles.values.flatMap { $0.map { ($0.key, $0.value) } }
        return all.sorted { left, right in
            (left.0.name, left.0.labels.map(\.value).joined(separator: "\n"))
                < (right.0.name, right.0.labels.map(\.value).joined(separator: "\n"))
        }
    }

    /// When a resource was last found or brought in sync.
    package var lastSuccess: WallTime? { state.withLock { $0.lastSuccess } }
}

extension BackendConfiguration {
    /// The labels of a backend: its kind and its endpoints or files.
    package var metricLabels: [(String, String)] {
        [("backend", name), ("source", sources.joined(separator: ","))]
    }
}
