import Foundation
import Testing

/// The classic resource: `src dest owner mode keys reload_cmd`.
@Suite struct ClassicResourceTests {
    // Only root may give files away.
    @Test(.enabled(if: Machine.isRoot && Machine.hasEtcd, "needs root, etcd and etcdctl"))
    func allFields() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put(["/app/url": "db.example.com", "/app/user": "rob", "/app2/user": "someone else"])
            try box.resource(
                "app.conf", keys: ["/app/url", "/app/user"],
                fields: """
                    owner = "nobody"
                    mode = "0640"
                    reload_cmd = "\(box.counting("reload"))"
                    """,
                template: """
                    [app]
                    database_url = {{getv "/app/url"}}
                    database_user = {{getv "/app/user"}}

                    """)
            var done = try await box.confd("-onetime", "-backend", "etcdv3", "-node", etcd.endpoint)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app.conf") == "[app]\ndatabase_url = db.example.com\ndatabase_user = rob\n")
            #expect(try box.mode("out/app.conf") == 0o640)
            #expect(try box.status("out/app.conf").st_uid == getpwnam("nobody").pointee.pw_uid)
            #expect(box.runs(of: "reload") == 1)

            try await etcd.put("/app/user", "alice")
            done = try await box.confd("etcd", "-onetime", "-node", etcd.endpoint)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app.conf") == "[app]\ndatabase_url = db.example.com\ndatabase_user = alice\n")
            #expect(box.runs(of: "reload") == 2)
        }
    }

    @Test(
        arguments: [
            ("\"0644\"", 0o644), ("\"0600\"", 0o600), ("\"644\"", 0o644), ("\"0o640\"", 0o640), ("\"0755\"", 0o755),
            ("0o604", 0o604), ("\"4711\"", 0o4711),
        ] as [(String, mode_t)])
    func mode(_ text: String, _ mode: mode_t) async throws {
        try await withSandbox { box in
            try box.resource("app", fields: "mode = \(text)", template: "x")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.mode("out/app") == mode)
        }
    }

    @Test func modeIsKeptWhenNoneIsGiven() async throws {
        try await withSandbox { box in
            try box.resource("new", template: "new")
            try box.resource("old", template: "new")
            try box.write("out/old", "old", mode: 0o600)
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.mode("out/new") == 0o644)
            #expect(try box.mode("out/old") == 0o600)
            #expect(box.output("old") == "new")
        }
    }

    @Test(.enabled(if: Machine.isRoot, "only root may give files away"))
    func ownerIsKeptWhenNoneIsGiven() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "new")
            try box.write("out/app", "old")
            chown(box.path("out/app"), 12_345, 23_456)
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "new")
            #expect(try box.status("out/app").st_uid == 12_345)
            #expect(try box.status("out/app").st_gid == 23_456)
        }
    }

    @Test(
        .enabled(if: Machine.isRoot, "only root may give files away"),
        arguments: [
            ("uid = 12345\ngid = 23456", 12_345, 23_456), ("owner = \"12345\"\ngroup = \"23456\"", 12_345, 23_456),
            ("owner = \"nobody\"", 65_534, 0), ("group = \"nogroup\"", 0, 65_534),
        ] as [(String, uid_t, gid_t)])
    func owner(_ fields: String, _ user: uid_t, _ group: gid_t) async throws {
        try await withSandbox { box in
            try box.resource("app", fields: fields, template: "x")
            let done = try await box.render()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(try box.status("out/app").st_uid == user)
            #expect(try box.status("out/app").st_gid == group)
        }
    }

    /// Values are bytes: what is no UTF-8 comes out as it went in.
    @Test(.enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"))
    func anyBytes() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            let value = (0...255).map { UInt8($0) } + Array("ünï\r\n".utf8)
            try await etcd.put("/app/raw", bytes: value)
            try box.resource("app", template: #"<{{getv "/app/raw"}}>{{len (getv "/app/raw")}}"#)
            let done = try await box.confd("-onetime", "-backend", "etcd", "-node", etcd.endpoint)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.bytes("out/app") == Array("<".utf8) + value + Array(">263".utf8))
        }
    }

    /// A key covers itself and what lies under it, never what merely begins alike; on every backend.
    // Over etcd only where it is installed.
    @Test(arguments: ["env", "file"] + (Machine.hasEtcd ? ["etcd"] : []))
    func keyBoundaries(_ backend: String) async throws {
        try await withSandbox { box in
            try box.resource(
                "app", keys: ["/app"],
                template: #"{{range gets "/*"}}{{.Key}} {{end}}{{range gets "/*/*"}}{{.Key}} {{end}}"#)
            let keys = ["/app/name": "a", "/app2/name": "b", "/apple": "c"]
            var source: [String] = []
            var etcd: Etcd?
            switch backend {
            case "etcd":
                let started = try await Etcd.start(in: box)
                try await started.put(keys)
                source = ["-node", started.endpoint]
                etcd = started
            case "file":
                try box.write("keys.yaml", "app: {name: a}\napp2: {name: b}\napple: c\n")
                source = ["-file", box.path("keys.yaml")]
            default:
                break
            }
            let variables = backend == "env" ? keyEnvironment(keys) : [:]
            let done = try await run(box.command(["-onetime", "-backend", backend] + source, environment: variables))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "/app/name ")
            withExtendedLifetime(etcd) {}
        }
    }

    @Test func jsonFileByExtension() async throws {
        try await withSandbox { box in
            try box.write("keys.json", #"{"app": {"name": "x", "list": [1, true, "two", 1.5]}}"#)
            try box.resource(
                "app", template: #"{{getv "/app/name"}}{{range gets "/app/list/*"}} {{base .Key}}={{.Value}}{{end}}"#)
            let done = try await box.confd("-onetime", "-backend", "file", "-file", box.path("keys.json"))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "x 0=1 1=true 2=two 3=1.5")
        }
    }

    /// Several `-file`, each a file or a folder; what comes later wins.
    @Test func severalFiles() async throws {
        try await withSandbox { box in
            try box.write("one.yaml", "app: {a: one, b: one, c: one}\n")
            try box.write("two/deep/two.yaml", "app: {b: two, c: two}\n")
            try box.write("three.json", #"{"app": {"c": "three"}}"#)
            try box.resource("app", template: #"{{range getvs "/app/*"}}{{.}} {{end}}"#)
            let done = try await box.confd(
                "-onetime", "-backend", "file", "-file", "one.yaml", "-file", "two", "-file=three.json")
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "one three two ")
        }
    }
}
