import Configuration
import Posix
import Synchronization

/// Counts what happens; names and labels are those of confd's fork where it counts the same.
package final class Metrics: Sendable {
    /// Counters by name and labels.
    struct Sample: Hashable {
        let name: String
        let labels: [Label]

        struct Label: Hashable {
            let name: String
            let value: String
        }

        init(_ name: String, _ labels: [(String, String)] = []) {
            self.name = name
            self.labels = labels.map { Label(name: $0.0, value: $0.1) }
        }
    }

    private struct State {
        var counts: [Sample: Int] = [:]
        var lastSuccess: WallTime?
    }

    private let state = Mutex(State())
    private let areRead: Bool

    /// Counts only where somebody reads it.
    package init(areRead: Bool = true) { self.areRead = areRead }

    /// A template was rendered, compared and, where needed, replaced.
    func countPass(of resource: Resource, succeeded: Bool) {
        count(
            Sample(
                "confd_template_process_total",
                [("dest", resource.destination), ("status", succeeded ? "success" : "error")]))
        if succeeded, areRead { state.withLock { $0.lastSuccess = Clock.wall() } }
    }

    /// A file was replaced.
    func countChange(of resource: Resource) {
        count(Sample("confd_file_sync_total", [("dest", resource.destination)]))
        count(Sample("confd_file_changed_total"))
    }

    /// A `check_cmd` or `reload_cmd` ran, or a `reload_signal` was sent.
    func countCommand(_ type: String, _ resource: Resource, succeeded: Bool) {
        count(
            Sample(
                "confd_command_total",
                [("type", type), ("dest", resource.destination), ("status", succeeded ? "success" : "error")]))
    }

    /// A backend could not be read, or a watch broke.
    func countFailure(of configuration: BackendConfiguration) {
        count(Sample("confd_backend_errors_total", configuration.metricLabels))
    }

    private func count(_ sample: @autoclosure () -> Sample) {
        guard areRead else { return }
        let sample = sample()
        state.withLock { $0.counts[sample, default: 0] += 1 }
    }

    /// All counters, sorted by name and labels.
    var counters: [(sample: Sample, count: Int)] {
        state.withLock { state in
            state.counts.map { ($0.key, $0.value) }.sorted { left, right in
                (left.0.name, left.0.labels.map(\.value).joined(separator: "\n"))
                    < (right.0.name, right.0.labels.map(\.value).joined(separator: "\n"))
            }
        }
    }

    /// When a resource was last found or brought in sync.
    var lastSuccess: WallTime? { state.withLock { $0.lastSuccess } }
}

extension BackendConfiguration {
    /// Which backend: its kind, and where it is.
    var metricLabels: [(String, String)] {
        [("backend", name), ("source", sources.joined(separator: ","))]
    }
}

/// How the daemon is, at one moment.
struct Survey: Sendable {
    struct Source: Sendable {
        let configuration: BackendConfiguration
        let contact: BackendContact
        let revision: Int64
        let keyCount: Int
    }

    var inSync = 0
    var dirty = 0
    var isReady = false
    /// Whether each destination that is reloaded is owed a reload.
    var owed: [(destination: String, isOwed: Bool)] = []
    /// Destinations that have never been written, and why.
    var neverWritten: [(destination: String, reason: String)] = []
    /// Resource files that have never been usable.
    var unusable: [String] = []
    var sources: [Source] = []
    /// All resources, by name.
    var resources: [ResourceStatus] = []
}

/// When a backend was heard of.
struct BackendContact: Equatable, Sendable {
    /// Whether the last attempt succeeded.
    var isConnected = false
    /// When it was heard of last, nil if it never was.
    var lastHeard: WallTime?
    /// Whether that is so long ago that somebody should know.
    var isStale = false
}

/// Asks the daemon's thread for a survey.
final class SurveyRequest: Sendable {
    private let survey = Mutex<Survey?>(nil)
    private let wakeUp: WakeUp

    init() throws(SystemError) { wakeUp = try WakeUp() }

    func answer(_ survey: Survey) {
        self.survey.withLock { $0 = survey }
        wakeUp.wake()
    }

    /// Readable once there is an answer.
    var descriptor: Int32 { wakeUp.descriptor }

    /// The answer, nil as long as the daemon has given none.
    var result: Survey? { survey.withLock { $0 } }
}
