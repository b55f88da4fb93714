import Foundation
import TestSupport
import Testing

/// Nodes from service records, through the system's resolver and a real name server.
@Suite(.enabled(if: Machine.hasEtcd && NameServer.isPossible, "needs etcd, dnsmasq, root and mount namespaces"))
struct EtcdDiscoveryTests {
    private static let domain = "example.test"

    @Test(arguments: [
        (["-backend", "etcd", "-srv-domain", domain], "_etcd._tcp.example.test."),
        (["-backend", "etcdv3", "-srv-domain", domain], "_etcdv3._tcp.example.test."),
        (["-srv-record", "_nodes._tcp.example.test", "-srv-domain", "other.test"], "_nodes._tcp.example.test"),
        (["-srv-record", "_nodes._tcp.example.test", "-node", "http://127.0.0.1:1"], "_nodes._tcp.example.test"),
    ])
    func findsNodes(_ arguments: [String], _ record: String) async throws {
        try await withSandbox { box in
            let etcd = try await Etcd.start(in: box)
            try await etcd.put("/app/name", "found")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            // The first one, by its priority, is away.
            let server = try NameServer(
                in: box,
                records: [
                    (record, "node.\(Self.domain)", try Ports.free(), 1), (record, "node.\(Self.domain)", etcd.port, 2),
                ])
            let done = try await run(server.inside(box.command(["-onetime"] + arguments)))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")
            #expect(done.standardError.contains("SRV record set to \(record)\n"), "\(done.testDescription)")
        }
    }

    @Test(.enabled(if: Machine.hasOpenssl, "openssl is not installed"))
    func usesTheSchemeAndTheNameOfTheRecord() async throws {
        try await withSandbox { box in
            let (file, key) = (box.path("server.pem"), box.path("server.key"))
            let made = try await run(
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=etcd",
                "-addext", "subjectAltName=DNS:node.\(Self.domain),IP:127.0.0.1", "-keyout", key, "-out", file)
            try #require(made.exitCode == 0, "\(made.testDescription)")
            let etcd = try await Etcd.start(in: box, certificate: (file, key))
            try await etcd.put("/app/name", "found")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let record = "_etcd._tcp.\(Self.domain)"
            let server = try NameServer(in: box, records: [(record, "node.\(Self.domain)", etcd.port, 1)])
            let flags = ["-onetime", "-srv-domain", Self.domain, "-scheme", "https", "-client-ca-keys", file]
            let done = try await run(server.inside(box.command(flags)))
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(box.output("app") == "found")
        }
    }

    @Test func saysWhatIsNotFound() async throws {
        try await withSandbox { box in
            try box.resource("app", template: "x")
            let server = try NameServer(in: box, records: [])
            let done = try await run(server.inside(box.command(["-onetime", "-srv-domain", Self.domain])))
            #expect(done.exitCode == 4, "\(done.testDescription)")
            let record = "_etcd._tcp.\(Self.domain)."
            #expect(
                done.standardError.contains(
                    "etcd: SRV record \"\(record)\": no such host\nhint: see whether the name server knows it: dig SRV \(record)"
                ),
                "\(done.testDescription)")
        }
    }

    /// The node moves while the daemon watches: it looks again.
    @Test func looksAgainWhenAllNodesFail() async throws {
        try await withSandbox { box in
            var etcd: Etcd? = try await Etcd.start(in: box)
            try await etcd?.put("/app/name", "first")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            let record = "_etcd._tcp.\(Self.domain)"
            let port = try #require(etcd?.port)
            var server: NameServer? = try NameServer(in: box, records: [(record, "node.\(Self.domain)", port, 1)])
            let address = try #require(server?.address)
            let daemon = try Child(
                try #require(server).inside(box.command(["-watch", "-interval", "0", "-srv-domain", Self.domain])))
            #expect(try await eventually { box.output("app") == "first" }, "\(daemon.standardError)")

            etcd = nil
            try FileManager.default.removeItem(atPath: box.path("etcd"))
            let other = try await Etcd.start(in: box)
            try await other.put("/app/name", "second")
            server = nil
            server = try NameServer(
                in: box, address: address, records: [(record, "node.\(Self.domain)", other.port, 1)])
            #expect(try await eventually { box.output("app") == "second" }, "\(daemon.standardError)")
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }
}
