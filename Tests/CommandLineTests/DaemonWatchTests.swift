import Foundation
import TestSupport
import Testing

/// `-watch` with etcd: what changes is applied, and is tried until it is applied.
@Suite(.enabled(if: Machine.hasEtcd)) struct DaemonWatchTests {
    private func daemon(_ box: Sandbox, _ etcd: Etcd, _ arguments: String...) throws -> Child {
        try Child(box.command(["-watch", "-interval", "0", "-node", etcd.endpoint] + arguments))
    }

    private func stop(_ daemon: Child) async throws {
        daemon.send(SIGTERM)
        let done = try await daemon.wait()
        #expect(done.exitCode == 0, "\(done.testDescription)")
    }

    @Test func rendersWhatChangedAndNothingElse() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put(["/app/name": "one", "/app/other": "x", "/app2/name": "y"])
            try box.resource("name", template: #"{{getv "/app/name"}}"#)
            try box.resource("other", template: #"{{range ls "/app"}}{{.}} {{end}}"#)
            let daemon = try daemon(box, etcd, "-log-level", "debug")
            #expect(try await eventually { box.output("name") == "one" && box.output("other") == "name other " })
            let renderings = { (name: String) in
                daemon.standardError.components(separatedBy: "Using source template \(box.confdir)/templates/\(name)")
                    .count - 1
            }

            try await etcd.put("/app/name", "two")
            #expect(try await eventually { box.output("name") == "two" }, "\(daemon.standardError)")
            try await etcd.put("/app2/name", "z")
            try await etcd.put("/app/unread/deep", "z")
            #expect(try await eventually { box.output("other") == "name other unread " })
            #expect(renderings("name") == 2, "\(daemon.standardError)")
            #expect(renderings("other") == 2, "a listing is read anew when a name comes, not when a value changes")
            try await stop(daemon)
        }
    }

    @Test func lastChangeOfABurstArrives() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "0")
            try box.resource(
                "app", fields: "debounce = \"150ms\"\nreload_cmd = \"\(box.counting("reload"))\"",
                template: #"{{getv "/app/name"}}"#)
            let daemon = try daemon(box, etcd)
            #expect(try await eventually { box.runs(of: "reload") == 1 }, "\(daemon.standardError)")
            // Without a process for each, which may take longer than the debounce.
            let client = EtcdClient(port: etcd.port)
            for value in 1...30 { try client.put("/app/name", "\(value)") }
            #expect(try await eventually { box.output("app") == "30" }, "\(daemon.standardError)")
            #expect(box.runs(of: "reload") < 25)
            try await stop(daemon)
        }
    }

    /// A certificate and its key, changed together: one reload, which sees both.
    @Test func sharedReloadRunsOnceWithAllFiles() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.putTogether([("/tls/cert", "1"), ("/tls/key", "1")])
            let reload = "cat \(box.out)/cert \(box.out)/key >> \(box.root)/seen"
            for name in ["cert", "key"] {
                try box.resource(
                    name, keys: ["/tls"], fields: "reload_cmd = '''\(reload)'''", template: #"{{getv "/tls/\#(name)"}}"#
                )
            }
            let daemon = try daemon(box, etcd)
            #expect(try await eventually { box.read("seen") == "11" }, "\(daemon.standardError)")
            var seen = "11"
            for value in 2...6 {
                try await etcd.putTogether([("/tls/cert", "\(value)"), ("/tls/key", "\(value)")])
                seen += "\(value)\(value)"
                // Keys that come before the reload has begun are rendered first.
                #expect(try await eventually { box.read("seen") == seen }, "\(box.read("seen") ?? "")")
            }
            try await stop(daemon)
        }
    }

    /// Killed while the reload runs: the next start finds the mark, and runs it until it succeeded, once.
    @Test func killedReloadIsOwedAfterARestart() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "one")
            try box.resource(
                "app",
                fields:
                    "reload_cmd = \"touch \(box.root)/begun; until test -e \(box.root)/go || ! test -d \(box.root); do sleep 0.05; done; \(box.counting("reload"))\"",
                template: #"{{getv "/app/name"}}"#)
            let first = try daemon(box, etcd)
            #expect(try await eventually { box.read("begun") != nil }, "\(first.standardError)")
            first.send(SIGKILL)
            _ = try await first.wait()
            #expect(box.output("app") == "one")
            // The command outlives confd.
            try box.write("go", "")
            #expect(try await eventually { box.runs(of: "reload") == 1 })
            let before = 1
            let second = try daemon(box, etcd)
            #expect(try await eventually { box.runs(of: "reload") == before + 1 }, "\(second.standardError)")
            try await stop(second)
            let third = try daemon(box, etcd, "-log-level", "debug")
            #expect(try await eventually { third.standardError.contains("in sync") })
            try await stop(third)
            #expect(box.runs(of: "reload") == before + 1)
        }
    }

    @Test func commandsAreToldWhatChanged() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put(["/pre/app/a": "1", "/pre/app/b": "1"])
            try box.resource(
                "app",
                fields:
                    "prefix = \"/pre\"\nreload_cmd = \"cat $CONFD_CHANGES > \(box.root)/new; stat -c %a $CONFD_CHANGES >> \(box.root)/new; mv \(box.root)/new \(box.root)/seen\"",
                template: #"{{range gets "/app/*"}}{{.Key}}={{.Value}} {{end}}"#)
            let daemon = try daemon(box, etcd)
            #expect(
                try await eventually { seen(box) == "reset  3\nset a 3\nset b 3\n600" }, "\(daemon.standardError)")
            try await etcd.put("/pre/app/c", "1")
            #expect(try await eventually { seen(box) == "set c 4\n600" }, "\(box.read("seen") ?? "")")
            try await etcd.delete("/pre/app/a")
            #expect(try await eventually { seen(box) == "delete a 5\n600" }, "\(box.read("seen") ?? "")")
            try await stop(daemon)
        }
    }

    /// The changes that a command got, one a line: the action, the last part of the key, and the revision.
    private func seen(_ box: Sandbox) -> String {
        let line =
            /\{"action":"(?<action>[a-z]+)"(,"key":"\/pre\/app\/(?<key>[^"]*)")?,"revision":(?<revision>[0-9]+)\}/
        return (box.read("seen") ?? "").split(separator: "\n").map { text in
            guard let match = text.wholeMatch(of: line) else { return String(text) }
            return "\(match.output.action) \(match.output.key ?? "") \(match.output.revision)"
        }.joined(separator: "\n")
    }

    /// Report: a key that was deleted while confd was down was never told to its command.
    @Test func deletesWhileConfdIsDownAreTold() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put(["/pre/app/a": "1", "/pre/app/b": "1"])
            try box.resource(
                "app",
                fields:
                    "prefix = \"/pre\"\nreload_cmd = \"cat $CONFD_CHANGES > \(box.root)/new; mv \(box.root)/new \(box.root)/seen\"",
                template: #"{{range gets "/app/*"}}{{.Key}}={{.Value}} {{end}}"#)
            let first = try daemon(box, etcd, "-state-dir", box.path("state"))
            #expect(try await eventually { seen(box) == "reset  3\nset a 3\nset b 3" }, "\(first.standardError)")
            try await etcd.put("/pre/app/c", "1")
            #expect(try await eventually { seen(box) == "set c 4" }, "\(first.standardError)")
            try await stop(first)
            try await etcd.delete("/pre/app/a")
            try await etcd.delete("/pre/app/c")
            let second = try daemon(box, etcd, "-state-dir", box.path("state"))
            #expect(
                try await eventually { seen(box) == "delete a 6\nset b 6\ndelete c 6" },
                "\(box.read("seen") ?? "") \(second.standardError)")
            try await etcd.put("/pre/app/b", "2")
            #expect(try await eventually { seen(box) == "set b 7" }, "\(second.standardError)")
            try await stop(second)
            // With other `keys` nothing is known from before, so the command gets a reset.
            try box.resource(
                "app", keys: ["/app", "/more"],
                fields:
                    "prefix = \"/pre\"\nreload_cmd = \"cat $CONFD_CHANGES > \(box.root)/new; mv \(box.root)/new \(box.root)/seen\"",
                template: #"{{range gets "/app/*"}}{{.Key}}:{{.Value}} {{end}}"#)
            let third = try daemon(box, etcd, "-state-dir", box.path("state"))
            #expect(try await eventually { seen(box) == "reset  7\nset b 7" }, "\(third.standardError)")
            try await stop(third)
        }
    }

    /// Report: which keys a file was written for, and at which revision, could not be told from the log.
    @Test func updatesNameKeysAndRevision() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "one")
            try box.resource("app", template: #"{{range gets "/app/*"}}{{.Value}}{{end}}"#)
            let daemon = try daemon(box, etcd)
            #expect(try await eventually { box.output("app") == "one" }, "\(daemon.standardError)")
            try await etcd.put("/app/other", "two")
            let text = /app has been updated \(\/app\/other, revision \d+\)\n/
            #expect(try await eventually { daemon.standardError.contains(text) }, "\(daemon.standardError)")
            try await stop(daemon)
        }
    }

    /// Report: on a busy machine it gave up before it had rendered the resource that needs no backend.
    @Test func startsBeforeItsBackend() async throws {
        try await withSandbox { box in
            // Taken, so that no other test's server comes to listen there.
            let port = try Ports.Closed()
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            try box.resource(
                "nokeys", keys: [], fields: "reload_cmd = \"\(box.counting("reload"))\"", template: "x")
            let daemon = try Child(
                box.command(["-watch", "-node", "http://127.0.0.1:\(port.number)", "-retry-for", "1ms"]))
            let done = try await daemon.wait()
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(box.output("nokeys") == "x", "needs no backend, and is written however short the time is")
            #expect(box.runs(of: "reload") == 1, "what was written is reloaded")
        }
    }
}
