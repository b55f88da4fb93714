import Foundation
import TestSupport
import Testing

/// The etcd backend against a real etcd: many keys, several nodes, passwords, certificates.
@Suite(.enabled(if: Machine.hasEtcd, "etcd or etcdctl is not installed"))
struct EtcdTests {
    /// The second of two nodes is asked when the first is away.
    @Test func firstNodeIsAway() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "found")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let away = "http://127.0.0.1:\(try Ports.free())"
            for nodes in [["-node", away, "-node", etcd.endpoint], ["-node", "\(away),\(etcd.endpoint)"]] {
                try box.write("out/app", "")
                let done = try await run(box.command(["-onetime", "-backend", "etcd"] + nodes))
                #expect(done.exitCode == 0, "\(done.testDescription)")
                #expect(box.output("app") == "found")
            }
        }
    }

    /// More keys than one page of an answer.
    @Test func manyKeys() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            let keys = (0..<12_000).map { (String(format: "/app/key%05d", $0), "value\($0)") }
            try await etcd.putTogether(keys)
            try box.resource("app", template: "{{range gets \"/app/*\"}}{{.Key}} {{.Value}}\n{{end}}")
            let done = try await box.confd("-onetime", "-backend", "etcd", "-node", etcd.endpoint)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            let same = box.output("app") == keys.map { "\($0) \($1)\n" }.joined()
            #expect(same)
        }
    }

    /// Several resources, each with keys of its own, some of them overlapping.
    @Test func severalResources() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put(["/a/x": "1", "/a/y/z": "2", "/b": "3", "/b/c": "4", "/bc": "5"])
            let all =
                #"{{range gets "/*"}}{{.Key}}={{.Value}} {{end}}{{range gets "/*/*"}}{{.Key}}={{.Value}} {{end}}"#
                + #"{{range gets "/*/*/*"}}{{.Key}}={{.Value}} {{end}}"#
            let rows: [(name: String, keys: [String], expected: String)] = [
                ("a", ["/a"], "/a/x=1 /a/y/z=2 "), ("b", ["/b"], "/b=3 /b/c=4 "),
                ("deep", ["/a/y", "/b/c"], "/b/c=4 /a/y/z=2 "),
                ("slash", ["/a/"], "/a/x=1 /a/y/z=2 "), ("all", ["/"], "/b=3 /bc=5 /a/x=1 /b/c=4 /a/y/z=2 "),
                ("twice", ["/b", "/b/c", "/b"], "/b=3 /b/c=4 "), ("none", ["/none"], ""), ("empty", [], ""),
            ]
            for row in rows { try box.resource(row.name, keys: row.keys, template: all) }
            let done = try await box.confd("-onetime", "-backend", "etcd", "-node", etcd.endpoint)
            #expect(done.exitCode == 0, "\(done.testDescription)")
            for row in rows { #expect(box.output(row.name) == row.expected, "\(row.name)") }
        }
    }

    /// A token that another program has obtained, from a file.
    @Test func tokenFile() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "found")
            try await etcd.enableAuthentication(password: "pw")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let flags = ["-onetime", "-backend", "etcd", "-node", etcd.endpoint, "-auth-token-file", "token"]
            for (content, says) in [
                ("wrong", "token"), ("two lines\nof it", "token file token: it holds no token"), ("", "holds no token"),
            ] {
                try box.write("token", content)
                let refused = try await run(box.command(flags))
                #expect(refused.exitCode == 4, "\(refused.testDescription)")
                #expect(refused.standardError.contains(says), "\(refused.testDescription)")
                #expect(!refused.standardError.contains("wrong"), "\(refused.testDescription)")
            }
            let answer = try await run(
                "curl", "-s", "-d", #"{"name": "root", "password": "pw"}"#, "\(etcd.endpoint)/v3/auth/authenticate")
            let token = try #require(answer.standardOutput.firstMatch(of: /"token":"([^"]+)"/)?.1)
            try box.write("token", "\(token)\n")
            let done = try await run(box.command(flags))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")
            #expect(!done.standardError.contains(token))
        }
    }

    @Test func userAndPassword() async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put(["/app/name": "found", "/other/name": "closed"])
            try await etcd.addReader("reader", password: "pass1234word", prefix: "/app")
            try await etcd.enableAuthentication(password: "root1234word")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let common = ["-onetime", "-backend", "etcd", "-node", etcd.endpoint, "-basic-auth", "-username", "reader"]

            var done = try await run(box.command(common + ["-password", "wrong1234word"]))
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(done.standardError.contains("authentication failed"), "\(done.testDescription)")
            #expect(!done.standardError.contains("1234word"))
            #expect(box.output("app") == nil)

            done = try await box.confd("-onetime", "-backend", "etcd", "-node", etcd.endpoint)
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(done.standardError.contains("user"), "it says what is missing\n\(done.testDescription)")

            // Report: the flag had no effect.
            try box.write("confd.toml", "basic_auth = false\n")
            let withoutFlag = common.filter { $0 != "-basic-auth" } + ["-password", "pass1234word"]
            for refusal in [["-basic-auth=false"], ["-config-file", box.path("confd.toml")]] {
                done = try await run(box.command(withoutFlag + refusal))
                #expect(done.exitCode == 4, "\(done.testDescription)")
                #expect(done.standardError.contains("user"), "\(done.testDescription)")
                #expect(box.output("app") == nil)
            }

            done = try await run(box.command(withoutFlag))
            #expect(done.exitCode == 0, "\(done.testDescription)")

            done = try await run(box.command(common + ["-password", "pass1234word", "-log-level", "debug"]))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")
            #expect(!done.standardError.contains("1234word"))

            try box.resource("other", keys: ["/other"], template: #"{{getv "/other/name"}}"#)
            done = try await run(box.command(common + ["-password", "pass1234word"]))
            #expect(done.exitCode == 4 || done.exitCode == 1, "\(done.testDescription)")
            #expect(done.standardError.contains("permission denied"), "\(done.testDescription)")
            #expect(done.standardError.contains("/other"), "it names the range\n\(done.testDescription)")
            #expect(box.output("other") == nil)
        }
    }

    // openssl makes the certificate.
    @Test(.enabled(if: Machine.hasOpenssl, "openssl is not installed"))
    func certificates() async throws {
        try await withSandbox { box in
            let (file, key) = (box.path("server.pem"), box.path("server.key"))
            let made = try await run(
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=etcd",
                "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", file)
            try #require(made.exitCode == 0, "\(made.testDescription)")
            let etcd = try await Etcd.start(in: box, certificate: (file, key))
            try await etcd.put("/app/name", "found")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let common = ["-onetime", "-backend", "etcd", "-node", etcd.endpoint]

            var done = try await run(box.command(common))
            #expect(done.exitCode == 4, "\(done.testDescription)")
            #expect(done.standardError.lowercased().contains("certificate"), "\(done.testDescription)")
            #expect(box.output("app") == nil)

            done = try await run(box.command(common + ["-client-ca-keys", file]))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")

            try box.write("out/app", "")
            done = try await run(box.command(common + ["-client-insecure"]))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")
            #expect(done.standardError.contains("WARNING"), "an unverified server is worth a warning")
        }
    }
}
