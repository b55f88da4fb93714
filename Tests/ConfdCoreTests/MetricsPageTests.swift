import Backends
import Posix
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// `/metrics`, in process: what is counted when, and the form that Prometheus reads.
@Suite struct MetricsPageTests {
    private static let read = ["-watch", "-metrics-addr", "127.0.0.1:1"]

    private func text(_ metrics: Metrics, _ status: DaemonStatus? = nil) -> String {
        MetricsPage(metrics: metrics, status: status).text
    }

    /// The samples of counters, each with its value.
    private func counts(_ rig: ApplierRig) -> [String] {
        text(rig.applier.metrics).split(separator: "\n").filter { $0.contains("_total") && !$0.hasPrefix("#") }
            .map { String($0).replacing(rig.path("app"), with: "DEST") }
    }

    @Test func passesChangesAndCommandsAreCounted() throws {
        let rig = try ApplierRig(Self.read)
        try rig.resource("app", fields: "check_cmd = \"check {{.src}}\"\nreload_cmd = \"reload\"")
        let resource = try rig.definition()
        #expect(counts(rig).isEmpty && rig.applier.metrics.lastSuccess == nil)
        rig.commands.answer { _ in .exited(code: 1) }
        _ = rig.apply(resource)
        #expect(rig.applier.metrics.lastSuccess == nil, "nothing is in sync yet")
        #expect(
            counts(rig) == [
                #"confd_command_total{type="check",dest="DEST",status="error"} 1"#,
                #"confd_template_process_total{dest="DEST",status="error"} 1"#,
            ])
        rig.commands.answer { _ in .exited(code: 0) }
        #expect(rig.reload(after: rig.apply(resource, "other")) == .done)
        _ = rig.apply(resource, "other")
        #expect(rig.applier.metrics.lastSuccess != nil)
        #expect(
            counts(rig) == [
                #"confd_command_total{type="check",dest="DEST",status="error"} 1"#,
                #"confd_command_total{type="check",dest="DEST",status="success"} 1"#,
                #"confd_command_total{type="reload",dest="DEST",status="success"} 1"#,
                "confd_file_changed_total 1", #"confd_file_sync_total{dest="DEST"} 1"#,
                #"confd_template_process_total{dest="DEST",status="error"} 1"#,
                #"confd_template_process_total{dest="DEST",status="success"} 2"#,
            ])
    }

    @Test func countersOfAFileGoWithIt() throws {
        let metrics = Metrics()
        for name in ["/a", "/b"] { metrics.countChange(of: try .test(destination: name)) }
        metrics.forget(try .test(destination: "/a"))
        metrics.forget(try .test(destination: "/none"))
        #expect(metrics.counters.map(\.sample.name) == ["confd_file_changed_total", "confd_file_sync_total"])
        #expect(metrics.counters.map(\.count) == [2, 1], "the total stays")
    }

    @Test func nothingIsCountedThatNobodyReads() throws {
        let rig = try ApplierRig(["-watch"])
        try rig.resource("app")
        #expect(rig.apply(try rig.definition()).state == .updated)
        #expect(rig.applier.metrics.counters.isEmpty && rig.applier.metrics.lastSuccess == nil)
    }

    /// A path or a store's name cannot end its label, or begin a line.
    @Test func labelsAreEscaped() throws {
        let metrics = Metrics()
        metrics.countChange(of: try .test(destination: #"/a\\b\"c\n"#))
        #expect(text(metrics).contains(##"confd_file_sync_total{dest="/a\\b\"c\n"} 1"## + "\n"))
        // Each is one `Character`: a quote with an accent, and the end of a line of Windows.
        metrics.countChange(of: try .test(destination: "/\\\"\u{301}\\r\\n"))
        #expect(text(metrics).contains("confd_file_sync_total{dest=\"/\\\"\u{301}\r\\n\"} 1\n"), "\(text(metrics))")
    }

    private func backend(_ name: String) -> BackendConfiguration { BackendLayer.of(TestStore(), name: name).backend }

    @Test func backendsHaveTheirNames() {
        let metrics = Metrics()
        for name in ["one", "two", "two"] { metrics.countFailure(of: backend(name)) }
        #expect(
            text(metrics).contains(
                #"""
                confd_backend_errors_total{backend="one",source="memory"} 1
                confd_backend_errors_total{backend="two",source="memory"} 2

                """#))
    }

    @Test func statesAreShown() throws {
        var status = DaemonStatus()
        (status.inSync, status.dirty, status.held, status.isReady) = (3, 2, 1, true)
        status.owed = [("/a", true), ("/b", false)]
        let contact = BackendContact(isConnected: false, lastHeard: WallTime(seconds: 12), isStale: true)
        status.sources = [
            DaemonStatus.BackendState(
                configuration: backend("etcd"), contact: contact, revision: 17, keyCount: 5, failure: "away"),
            DaemonStatus.BackendState(
                configuration: backend("never"), contact: BackendContact(), revision: 0, keyCount: 0, failure: nil),
        ]
        let shown = text(Metrics(), status)
        let etcd = #"{backend="etcd",source="memory"}"#
        for line in [
            "confd_ready 0", "confd_templates_loaded 6", #"confd_resources{state="in_sync"} 3"#,
            #"confd_resources{state="dirty"} 2"#, #"confd_resources{state="held"} 1"#,
            #"confd_reload_owed{dest="/a"} 1"#, #"confd_reload_owed{dest="/b"} 0"#,
            "confd_backend_healthy\(etcd) 0", "confd_backend_stale\(etcd) 1",
            "confd_backend_last_contact_timestamp_seconds\(etcd) 12", "confd_snapshot_revision\(etcd) 17",
            "confd_watched_keys\(etcd) 5",
        ] {
            #expect(shown.split(separator: "\n").count { $0 == line } == 1, "\(line)\n\(shown)")
        }
        status.sources = []
        #expect(text(Metrics(), status).contains("confd_ready 1\n"))
        status.isReady = false
        #expect(text(Metrics(), status).contains("confd_ready 0\n"))
        #expect(!shown.contains(#"last_contact_timestamp_seconds{backend="never""#), "there was none")
        #expect(!shown.contains("rollout") && !shown.contains("check_up") && !shown.contains("apply_equal"))
    }

    @Test func whatIsUsedIsShown() throws {
        var status = DaemonStatus()
        status.waiting = 1
        status.rollouts = [("/a", .free)]
        status.services = [ServiceStatus(name: "web", key: "/web/a", isRegistered: true, isUp: true)]
        status.checkProblems = [("a", .shownAsWhole(Array("/s".utf8))), ("a", .noTarget(Array("/s/a".utf8), "why"))]
        status.balancers = [
            BalancerStatus(
                resource: "a", destination: "/a", balancer: "haproxy", servers: 2, leaving: 1, isEqual: false,
                obstacle: nil),
            BalancerStatus(
                resource: "b", destination: "/b", balancer: "haproxy", servers: 2, leaving: 0, isEqual: false,
                obstacle: nil, isLeftToReload: true),
        ]
        let shown = text(Metrics(), status)
        for line in [
            #"confd_resources{state="waiting"} 1"#, #"confd_rollout_waiting{dest="/a"} 0"#,
            #"confd_rollout_halted{dest="/a"} 0"#, #"confd_service_registered{key="/web/a"} 1"#,
            #"confd_check_problems{resource="a"} 2"#, #"confd_apply_equal{dest="/a",balancer="haproxy"} 0"#,
            #"confd_apply_equal{dest="/b",balancer="haproxy"} 1"#,
            #"confd_apply_servers{dest="/a",balancer="haproxy"} 2"#,
            #"confd_apply_leaving{dest="/a",balancer="haproxy"} 1"#,
        ] {
            #expect(shown.split(separator: "\n").contains { $0 == line }, "\(line)\n\(shown)")
        }
    }

    /// Each name has its help and type before its samples, and stands once.
    @Test func eachFamilyStandsOnce() throws {
        let metrics = Metrics()
        let resource = try Resource.test()
        metrics.countPass(of: resource, succeeded: true)
        metrics.countCommand("check", resource, succeeded: true)
        var families: [Substring] = []
        var current: Substring = ""
        for line in text(metrics, DaemonStatus()).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP ") {
                current = words[2]
                families.append(current)
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == current && ["counter", "gauge", "histogram"].contains(words[3]), "\(line)")
            } else {
                #expect(line.prefix { $0 != "{" && $0 != " " } == current, "\(line)")
            }
        }
        #expect(Set(families).count == families.count && families.count >= 13)
    }

    /// If the daemon gives no status, the page still has the counters.
    @Test func withoutAStatusThereAreCounters() {
        let shown = text(Metrics())
        #expect(
            shown.contains("confd_build_info{version=\"\(Version.current)\"} 1\n") && !shown.contains("confd_ready"))
    }
}
