import KeyValue
import Posix
import Testing

@testable import Backends

/// The registry, and what each backend says about itself.
@Suite struct BackendRegistryTests {
    @Test func namesAndOptionsAreDistinct() {
        let names = BackendRegistry.names + BackendRegistry.unbuiltNames
        #expect(Set(names).count == names.count)
        for name in BackendRegistry.names { #expect(BackendRegistry.kind(named: name) != nil) }
        for name in BackendRegistry.unbuiltNames + [""] { #expect(BackendRegistry.kind(named: name) == nil) }
        let options = BackendRegistry.options
        for names in [options.map(\.name), options.map(\.tableKey)] { #expect(Set(names).count == names.count) }
        // Options of several backends with one name are the same option, except for defaults and for what is secret.
        for kind in BackendRegistry.all {
            for option in kind.options {
                let isSame = options.contains {
                    $0.name == option.name && $0.form == option.form && $0.tableKey == option.tableKey
                        && $0.keys == option.keys && $0.aliases == option.aliases && $0.help == option.help
                }
                #expect(isSame, "\(option.name)")
            }
        }
    }

    @Test func documentationNamesEveryBackend() throws {
        let rows = BackendRegistry.all.map { kind in
            let names = ([kind.name] + kind.aliases).map { "`\($0)`" }.joined(separator: ", ")
            return "| \(names) | \(kind.summary) | \(kind.watching) |"
        }
        let page = try page("backends.md")
        #expect(page.contains((["| name | keys | watch |", "|---|---|---|"] + rows).joined(separator: "\n") + "\n\n"))
        for kind in BackendRegistry.all { #expect(page.contains("\n## \(kind.name)\n")) }
    }

    private func page(_ name: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return String(decoding: try Files.read("/\(root)/docs/\(name)"), as: UTF8.self)
    }

    private let context = BackendContext(environment: { [(Array("A".utf8), [1])] }, warn: { _ in })

    @Test(arguments: [
        ("etcd", [:]), ("etcdv3", [:]), ("etcdv2", [:]), ("file", ["file": BackendOptions.Value.list(["/none.yaml"])]),
        ("env", [:]), ("redis", [:]), ("consul", [:]), ("zookeeper", [:]),
        ("vault", ["auth-type": BackendOptions.Value.text("token"), "auth-token": .text("t")]),
    ])
    func opens(_ name: String, _ values: [String: BackendOptions.Value]) throws {
        let kind = try #require(BackendRegistry.kind(named: name))
        let options = options(values)
        #expect(kind.problems(of: options) == [] && !kind.sources(of: options).isEmpty)
        let backend = try kind.open(options, in: context)
        #expect((backend is any LeasingBackend) == kind.takesRegistrations)
        #expect(kind.takesRegistrations == name.hasPrefix("etcd"))
        #expect((backend is any TransactingBackend) == kind.takesRollouts)
    }

    @Test func anEmptyValueIsNone() {
        let options = options(["node": .list([]), "filter": .text(""), "client-insecure": .flag(false)])
        #expect(options["node"] == nil && options["filter"] == nil && options["client-insecure"] == .flag(false))
    }

    @Test func theFileBackendNeedsFiles() throws {
        let problems = try #require(BackendRegistry.kind(named: "file")).problems(of: BackendOptions())
        guard case .missing(let option)? = problems.first else {
            Issue.record("\(problems)")
            return
        }
        #expect(option.name == "file" && option.need != nil)
    }

    private func options(_ values: [String: BackendOptions.Value]) -> BackendOptions {
        var options = BackendOptions()
        for (name, value) in values { options[name] = value }
        return options
    }

    // MARK: etcd

    @Test func etcdWithoutOptions() {
        let options = EtcdOptions(BackendOptions()) { _ in }
        #expect(options.endpoints == ["http://127.0.0.1:2379"] && options.dialTimeout == .seconds(5))
        #expect(options.credentials == nil && options.discovery == nil && options.tls.verifies)
    }

    @Test func theSchemeIsOfNodesWithoutOne() {
        let given = options([
            "node": .list(["a:1", "http://b:2"]), "scheme": .text("https"), "srv-record": .text("_x"),
        ])
        let options = EtcdOptions(given) { _ in }
        #expect(options.endpoints == ["https://a:1", "http://b:2"])
        #expect(options.discovery?.scheme == "https" && options.discovery?.record == "_x")
        #expect(EtcdKind().sources(of: given) == ["SRV _x"])
    }

    @Test(
        "who logs in",
        arguments: [
            (["username": .text("u"), "password": .text("p")], "u:p"), (["password": .text("p")], nil),
            (["username": .text("u"), "password": .text("p"), "basic-auth": .flag(true)], "u:p"),
            (["username": .text("u"), "password": .text("p"), "basic-auth": .flag(false)], nil),
            (["username": .text("u")], "u:"),
        ] as [([String: BackendOptions.Value], String?)])
    func credentials(_ values: [String: BackendOptions.Value], _ expected: String?) throws {
        let credentials = EtcdOptions(options(values)) { _ in }.credentials
        let text = try credentials.map { "\($0.username ?? ""):\(String(decoding: try $0.secret(), as: UTF8.self))" }
        #expect(text == expected)
    }

    @Test func problemsOfNodesAndCertificates() {
        let given = options([
            "node": .list(["a:1", "ftp://a", "http://a:99999"]), "client-cert": .text("c"), "basic-auth": .flag(true),
        ])
        let problems = EtcdKind().problems(of: given)
        let indices = problems.compactMap { if case .element(_, let index, _) = $0 { index } else { nil } }
        #expect(indices == [1, 2])
        #expect(problems.contains(.incomplete(ServerOption.certificate, ServerOption.key)))
        #expect(problems.contains { if case .warning = $0 { true } else { false } })
        #expect(problems.count == 4)
    }

    @Test func sourcesHoldNoPassword() {
        let given = options(["node": .list(["http://me:secret@a:1", "me:secret@b:2", "c:3"])])
        #expect(EtcdKind().sources(of: given) == ["http://a:1", "b:2", "c:3"])
    }

    @Test(arguments: [("example.com", "_etcdv3._tcp.example.com."), ("example.com.", "_etcdv3._tcp.example.com.")])
    func aDomainStandsForARecord(_ domain: String, _ record: String) {
        var given = options(["srv-domain": .text(domain)])
        EtcdKind().complete(&given, for: "etcdv3")
        #expect(given["srv-record"] == .text(record))
    }
}
