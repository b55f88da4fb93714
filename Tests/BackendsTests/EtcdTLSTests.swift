import HTTP
import KeyValue
import Testing

@testable import Backends

@Suite struct EtcdTLSTests {
    let certificates: Certificates
    /// One that asks for no client certificate.
    static let plain = Result { try tlsServer("server") }
    /// One that asks for a client certificate of our authority.
    static let mutual = Result { try tlsServer("server", clientAuthority: "ca") }

    static func tlsServer(_ name: String, clientAuthority: String? = nil) throws -> EtcdServer {
        let certificates = try Certificates.shared.get()
        return try EtcdServer(
            arguments: certificates.flags(name, clientAuthority: clientAuthority), scheme: "https",
            tls: options(certificates, authority: "ca", client: "root"))
    }

    static func options(_ certificates: Certificates, authority: String?, client: String? = nil) -> TLSOptions {
        var options = TLSOptions()
        options.authorityFile = authority.map { certificates.path("\($0).pem") }
        options.certificateFile = client.map { certificates.path("\($0).pem") }
        options.keyFile = client.map { certificates.path("\($0).key") }
        return options
    }

    init() throws { certificates = try Certificates.shared.get() }

    private func read(
        _ server: EtcdServer, authority: String?, client: String? = nil,
        _ change: (inout EtcdOptions) -> Void = { _ in }
    ) throws -> [String: String] {
        try backend(server, authority: authority, client: client, change).read("/tls")
    }

    private func backend(
        _ server: EtcdServer, authority: String?, client: String? = nil,
        _ change: (inout EtcdOptions) -> Void = { _ in }
    ) throws -> EtcdBackend {
        try server.backend {
            $0.tls = Self.options(certificates, authority: authority, client: client)
            change(&$0)
        }
    }

    private func failure(
        _ server: EtcdServer, authority: String?, client: String? = nil,
        _ change: (inout EtcdOptions) -> Void = { _ in }
    ) throws -> (message: String, hint: String?, kind: BackendError.Kind) {
        let error = try #require(try backend(server, authority: authority, client: client, change).failure("/tls"))
        let place = #"etcd: \#(server.url): range "/tls": "#
        #expect(error.message.hasPrefix(place), "\(error.message)")
        return (String(error.message.dropFirst(place.count)), error.hint, error.kind)
    }

    @Test func trustsTheGivenAuthority() throws {
        let server = try Self.plain.get()
        try server.put(["/tls/a": "1", "/tls/b": "2"])
        #expect(try read(server, authority: "ca") == ["/tls/a": "1", "/tls/b": "2"])
    }

    @Test func usesTLSForANodeWithoutScheme() throws {
        let server = try Self.plain.get()
        try server.put(["/tls/a": "1", "/tls/b": "2"])
        #expect(try read(server, authority: "ca") { $0.endpoints = ["127.0.0.1:\(server.port)"] }.count == 2)
    }

    @Test func refusesAnUnknownAuthority() throws {
        let refusal = "server certificate not accepted: signed by an unknown authority"
        let none = try failure(try Self.plain.get(), authority: nil)
        #expect(none.message == refusal)
        #expect(none.hint == "name the CA of etcd's certificate with -client-ca-keys")
        let other = try failure(try Self.plain.get(), authority: "otherca")
        #expect(other.message == "\(refusal), \(certificates.path("otherca.pem")) did not sign it")
        #expect(other.hint?.hasPrefix("-client-ca-keys has to hold the CA of its certificate") == true)
    }

    @Test func acceptsAnythingWhenInsecure() throws {
        let server = try Self.plain.get()
        try server.put(["/tls/a": "1", "/tls/b": "2"])
        #expect(try read(server, authority: nil) { $0.tls.verifies = false }.count == 2)
    }

    @Test func refusesAnExpiredCertificate() throws {
        let failure = try failure(try Self.tlsServer("expired"), authority: "ca")
        #expect(failure.message == "server certificate not accepted: it has expired")
    }

    @Test func checksTheServerName() throws {
        let server = try Self.tlsServer("named")
        let wrong = try failure(server, authority: "ca")
        let refusal = "server certificate not accepted: it is for another host name: "
        #expect(wrong.message == refusal + "127.0.0.1 was asked for, and it names etcd.internal")
        #expect(
            wrong.hint
                == "name the node by a name in its certificate (one that DNS or /etc/hosts knows), or issue it with a "
                + "subjectAltName of 127.0.0.1")
        let other = try failure(server, authority: "ca") { $0.serverName = "etcd.external" }
        #expect(other.message == refusal + "etcd.external was asked for, and it names etcd.internal")
        #expect(try read(server, authority: "ca") { $0.serverName = "etcd.internal" } == [:])
    }

    /// Report: a certificate with nothing but a common name, which Go's programs refuse since 1.15.
    @Test(arguments: ["common", "unnamed", "127.0.0.1"]) func refusesACommonNameAlone(_ name: String) throws {
        // `common` is addressed by its common name, localhost, and by 127.0.0.1; `unnamed` by its common name.
        let server = try Self.tlsServer(name == "unnamed" ? name : "common")
        let url = "https://\(name == "common" ? "localhost" : name):\(server.port)"
        func backend(_ change: (inout EtcdOptions) -> Void = { _ in }) throws -> EtcdBackend {
            try self.backend(server, authority: "ca") {
                $0.endpoints = [url]
                // `unnamed` is not in DNS: it is addressed by 127.0.0.1 with this server name.
                $0.serverName = name == "unnamed" ? name : nil
                if name == "unnamed" { $0.endpoints = ["https://127.0.0.1:\(server.port)"] }
                change(&$0)
            }
        }
        let refused = try backend()
        for _ in 0..<2 {
            let error = try #require(refused.failure("/tls"))
            #expect(
                error.message.hasSuffix("server certificate not accepted: it has no subject alternative names"),
                "\(error.message)")
            #expect(
                error.hint
                    == "issue it with subjectAltName = DNS:NAME or IP:ADDRESS: Go's programs look at nothing else")
        }
        #expect(throws: BackendError.self) {
            try refused.watch([KeyRange(cleaned: Array("/tls".utf8))], after: 1, timeout: .seconds(10))
        }
        #expect(try backend { $0.tls.verifies = false }.read("/tls") == [:])
    }

    @Test func showsItsCertificate() throws {
        let server = try Self.mutual.get()
        #expect(try read(server, authority: "ca", client: "root") == [:])
    }

    @Test(arguments: [nil, "stranger"]) func isRefusedWithoutAGoodCertificate(_ client: String?) throws {
        let failure = try failure(try Self.mutual.get(), authority: "ca", client: client)
        // With TLS 1.3 the client thinks that it is connected before the server has seen its certificate.
        let isHandshake = failure.message.hasPrefix("TLS handshake failed (")
        #expect(isHandshake || failure.message.hasPrefix("connection broken ("), "\(failure.message)")
        #expect(failure.hint?.contains("client certificate") == true)
        #expect(failure.kind == .unreachable)
    }

    @Test func namesAFileThatCannotBeUsed() throws {
        let server = try Self.plain.get()
        let authority = try failure(server, authority: "missing")
        #expect(authority.message.hasPrefix("CA file cannot be used ("), "\(authority.message)")
        #expect(authority.message.contains(certificates.path("missing.pem")), "\(authority.message)")
        #expect(authority.message.contains("no such file or directory"), "\(authority.message)")
        #expect(authority.hint == nil)
        #expect(authority.kind == .configuration)
        // The key in place of the certificate.
        let swapped = try failure(server, authority: nil) { $0.tls.authorityFile = certificates.path("ca.key") }
        #expect(
            swapped.message == "CA file cannot be used (\(certificates.path("ca.key")): there is no certificate in it)")
        #expect(swapped.hint == "it must be the certificate of the CA in PEM, from -----BEGIN CERTIFICATE----- on")
        let client = try failure(server, authority: "ca", client: "missing")
        #expect(client.message.hasPrefix("client certificate or key cannot be used ("), "\(client.message)")
        let mixed = try failure(server, authority: "ca", client: "root") {
            $0.tls.keyFile = certificates.path("stranger.key")
        }
        #expect(mixed.message.hasPrefix("client certificate or key cannot be used ("), "\(mixed.message)")
    }

    @Test func wantsCertificateAndKeyTogether() throws {
        var options = EtcdOptions()
        options.tls.certificateFile = "certificate.pem"
        #expect(throws: BackendError.self) { try EtcdBackend(options) }
    }

    @Test func namesAPlainConnectionToATLSPort() throws {
        let server = try Self.plain.get()
        let error = try #require(
            try server.backend { $0.endpoints = ["http://127.0.0.1:\(server.port)"] }.failure("/tls"))
        #expect(
            error.message.hasPrefix(#"etcd: http://127.0.0.1:\#(server.port): range "/tls": connection broken ("#),
            "\(error.message)")
        #expect(error.hint == "is this etcd's client port? If it uses TLS, write https://")
    }

    @Test func namesATLSConnectionToAPlainPort() throws {
        let server = try EtcdServer.shared.get()
        let error = try #require(
            try server.backend { $0.endpoints = ["https://127.0.0.1:\(server.port)"] }.failure("/tls"))
        #expect(
            error.message.hasPrefix(#"etcd: https://127.0.0.1:\#(server.port): range "/tls": TLS handshake failed ("#),
            "\(error.message)")
        #expect(
            error.hint
                == "if the node does not use TLS, write http://; if it asks for a client certificate, give one that it trusts"
        )
    }

    @Test func readsManyRangesOverOneConnection() throws {
        let server = try Self.plain.get()
        try server.put(Dictionary(uniqueKeysWithValues: (0..<100).map { ("/tlsmany/\($0)/key", "\($0)") }))
        let paths = (0..<100).map { "/tlsmany/\($0)" }
        let backend = try backend(server, authority: "ca") { $0.pageSize = 1 }
        #expect(
            try backend.snapshot(of: paths.map { .init(cleaned: Array($0.utf8)) }, timeout: .seconds(20)).count == 100)
    }
}
