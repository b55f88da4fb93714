import Applying
import Checks
import Configuration
import Posix
import Rollout

/// `/metrics`, in Prometheus' text form.
struct MetricsPage {
    let metrics: Metrics
    /// Nil where the daemon did not answer.
    let status: DaemonStatus?

    private struct Family {
        let name: String
        let type: String
        let help: String
    }

    private static let counters = [
        Family(name: "confd_backend_errors_total", type: "counter", help: "Failed reads and broken watches."),
        Family(
            name: "confd_command_total", type: "counter",
            help: "Runs of check_cmd and reload_cmd, and balancers changed."),
        Family(name: "confd_file_changed_total", type: "counter", help: "Files that were replaced."),
        Family(name: "confd_file_sync_total", type: "counter", help: "Replacements of each file."),
        Family(name: "confd_template_process_total", type: "counter", help: "Passes over each resource."),
    ]

    /// All metrics.
    var text: String {
        var text = ""
        let counts = metrics.counters
        for family in Self.counters {
            text += Self.header(family)
            for (sample, count) in counts where sample.name == family.name {
                text += Self.line(family.name, sample.labels.map { ($0.name, $0.value) }, "\(count)")
            }
        }
        if let last = metrics.lastSuccess {
            text += gauge(
                "confd_last_success_timestamp_seconds", "When a resource was last found or brought in sync.",
                [([], "\(last.seconds)")])
        }
        text += gauge("confd_build_info", "The version.", [([("version", Version.current)], "1")])
        if let status { text += gauges(status) + health(status) }
        return text
    }

    private func gauges(_ status: DaemonStatus) -> String {
        func each(_ value: (DaemonStatus.BackendState) -> String?) -> [([(String, String)], String)] {
            status.sources.compactMap { source in value(source).map { (source.configuration.metricLabels, $0) } }
        }
        return gauge(
            "confd_ready", "Whether /ready answers 200.", [([], Readiness(status: status).problem == nil ? "1" : "0")])
            + gauge(
                "confd_templates_loaded", "Resources.",
                [([], "\(status.inSync + status.dirty + status.held + status.waiting)")])
            + gauge(
                "confd_resources", "Resources by state.",
                ([("in_sync", status.inSync), ("dirty", status.dirty), ("held", status.held)]
                    + (status.rollouts.isEmpty ? [] : [("waiting", status.waiting)])).map { state, count in
                        ([("state", state)], "\(count)")
                    })
            + gauge(
                "confd_reload_owed", "Whether a reload of the file is still owed.",
                status.owed.map { ([("dest", $0.destination)], $0.isOwed ? "1" : "0") })
            + gauge(
                "confd_backend_healthy", "Whether the last attempt to reach the backend succeeded.",
                each { $0.contact.isConnected ? "1" : "0" })
            + gauge(
                "confd_backend_stale", "Whether the last contact with the backend is too long ago.",
                each { $0.contact.isStale ? "1" : "0" })
            + gauge(
                "confd_backend_last_contact_timestamp_seconds", "When the backend was last contacted successfully.",
                each { $0.contact.lastHeard.map { "\($0.seconds)" } })
            + gauge("confd_snapshot_revision", "The revision of the keys in use.", each { "\($0.revision)" })
            + gauge("confd_watched_keys", "How many keys are in use.", each { "\($0.keyCount)" })
    }

    /// Nothing where nothing is probed or registered.
    private func health(_ status: DaemonStatus) -> String {
        var text = ""
        if !status.servers.isEmpty {
            text += gauge(
                "confd_check_up", "Whether a server is up.",
                status.servers.map {
                    ([("resource", $0.resource), ("target", $0.target)], $0.health.isUp ? "1" : "0")
                })
        }
        let problems = status.checkProblems.reduce(into: [:]) { $0[$1.resource, default: 0] += 1 }
        let checked = Set(status.servers.map(\.resource)).union(problems.keys)
        if !checked.isEmpty {
            text += gauge(
                "confd_check_problems",
                "Keys and patterns of health checks that give no server, and groups of which too few servers are up.",
                checked.sorted().map { ([("resource", $0)], "\(problems[$0] ?? 0)") })
        }
        if let statistics = status.statistics { text += self.text(of: statistics) }
        if !status.services.isEmpty {
            text += gauge(
                "confd_service_registered", "Whether a service is in the store.",
                status.services.map { ([("key", $0.key)], $0.isRegistered ? "1" : "0") })
        }
        return text + balancers(status) + rollouts(status)
    }

    private func rollouts(_ status: DaemonStatus) -> String {
        if status.rollouts.isEmpty { return "" }
        func each(_ isTrue: (RolloutState) -> Bool) -> [([(String, String)], String)] {
            status.rollouts.map { ([("dest", $0.destination)], isTrue($0.state) ? "1" : "0") }
        }
        return gauge(
            "confd_rollout_waiting", "Whether the file waits for other hosts, or has its turn.", each { $0 != .free })
            + gauge("confd_rollout_halted", "Whether the rollout of the file is halted.", each(\.isHalt))
    }

    private func balancers(_ status: DaemonStatus) -> String {
        if status.balancers.isEmpty { return "" }
        func each(_ value: (BalancerStatus) -> Int) -> [([(String, String)], String)] {
            status.balancers.map { ([("dest", $0.destination), ("balancer", $0.balancer)], "\(value($0))") }
        }
        return gauge(
            "confd_apply_equal", "Whether the servers of a balancer are as desired, or left to the reload.",
            each { $0.isEqual || $0.isLeftToReload ? 1 : 0 })
            + gauge("confd_apply_servers", "How many servers a balancer is to have.", each(\.servers))
            + gauge("confd_apply_leaving", "Servers that wait for their last connections.", each(\.leaving))
    }

    private func text(of statistics: CheckStatistics) -> String {
        let transitions = Family(
            name: "confd_check_transitions_total", type: "counter", help: "Changes of verdicts.")
        var text = Self.header(transitions) + Self.line(transitions.name, [], "\(statistics.transitions)")
        let durations = Family(
            name: "confd_check_duration_seconds", type: "histogram", help: "How long probes took, by type.")
        text += Self.header(durations)
        for (type, histogram) in statistics.durations.sorted(by: { $0.key < $1.key }) {
            var sum = 0
            for (index, count) in histogram.counts.enumerated() {
                sum += count
                let limit = index < Histogram.limits.count ? "\(Double(Histogram.limits[index]) / 1_000)" : "+Inf"
                text += Self.line("\(durations.name)_bucket", [("type", type), ("le", limit)], "\(sum)")
            }
            text += Self.line("\(durations.name)_sum", [("type", type)], "\(histogram.sum / .seconds(1))")
            text += Self.line("\(durations.name)_count", [("type", type)], "\(histogram.count)")
        }
        return text
    }

    private func gauge(_ name: String, _ help: String, _ values: [([(String, String)], String)]) -> String {
        Self.header(Family(name: name, type: "gauge", help: help))
            + values.map { Self.line(name, $0.0, $0.1) }.joined()
    }

    private static func header(_ family: Family) -> String {
        "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.type)\n"
    }

    private static func line(_ name: String, _ labels: [(String, String)], _ value: String) -> String {
        let texts = labels.map { "\($0.0)=\"\(escaped($0.1))\"" }
        return name + (texts.isEmpty ? "" : "{\(texts.joined(separator: ","))}") + " \(value)\n"
    }

    private static func escaped(_ value: String) -> String {
        // By scalars: a quote with a combining mark, and "\r\n", are one `Character`.
        value.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(scalar)
            }
        }.joined()
    }
}
