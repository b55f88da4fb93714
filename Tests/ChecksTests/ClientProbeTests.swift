import Glibc
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Checks

/// Probes with TLS against openssl, and those of gRPC against a scripted HTTP/2 server.
@Suite struct ClientProbeTests {
    static func settings(
        _ authority: String? = "ca.pem", name: String? = nil, client: String? = nil, insecure: Bool = false
    ) throws -> TLSSettings {
        let certificates = try TestCertificates.shared.get()
        return try TLSSettings(
            authorityFile: authority.map(certificates.path), serverName: name, isInsecure: insecure,
            certificateFile: client.map { certificates.path($0 + ".pem") },
            keyFile: client.map { certificates.path($0 + ".key") })
    }

    @Test func handshakes() throws {
        let server = try SecureServer("server")
        let named = try SecureServer("named")
        let expired = try SecureServer("expired")
        func error(_ server: SecureServer, _ settings: TLSSettings) throws -> String? {
            let health = try Recorder.probe(.tls(settings), .local(server.port))
            #expect(health.isUp == (health.error == nil) && health.hasVerdict)
            return health.error
        }
        let refusal = "tls: server certificate not accepted: "
        #expect(try error(server, try Self.settings()) == nil)
        #expect(try error(server, try Self.settings(nil)) == refusal + "signed by an unknown authority")
        #expect(try error(server, try Self.settings(nil, insecure: true)) == nil)
        #expect(
            try error(server, try Self.settings(name: "shop.example"))
                == refusal
                + "it is for another host name: shop.example was asked for, and it names 127.0.0.1, localhost")
        #expect(try error(named, try Self.settings(name: "shop.example")) == nil)
        #expect(
            try error(named, try Self.settings())
                == refusal + "it is for another host name: 127.0.0.1 was asked for, and it names shop.example")
        #expect(try error(expired, try Self.settings()) == refusal + "it has expired")
    }

    @Test func namesAreTriedAddressByAddress() throws {
        let server = try SecureServer("server")
        let health = try Recorder.probe(.tls(try Self.settings()), .host("localhost", port: server.port))
        #expect(health.error == nil)
    }

    @Test func showsOurCertificate() throws {
        let authority = try TestCertificates.shared.get().path("ca.pem")
        // With TLS 1.3 the client's handshake ends before the server has seen its certificate, so the refusal would
        // come later.
        let server = try SecureServer("server", "-Verify 1 -verify_return_error -CAfile \(authority) -tls1_2")
        #expect(try Recorder.probe(.tls(try Self.settings(client: "client")), .local(server.port)).error == nil)
        let without = try Recorder.probe(.tls(try Self.settings()), .local(server.port))
        #expect(without.error?.hasPrefix("tls: TLS handshake failed") == true, "\(without.error ?? "")")
    }

    /// A file of ours that cannot be used says nothing about the servers.
    @Test func aMissingAuthorityIsNoFailureOfTheTarget() throws {
        let server = try SecureServer("server")
        let health = try Recorder.probe(.tls(try Self.settings("none.pem")), .local(server.port))
        #expect(!health.hasVerdict && health.isUp)
        #expect(health.error?.hasPrefix("cannot probe: CA file cannot be used") == true, "\(health.error ?? "")")
    }

    @Test func whatIsNoTLS() throws {
        let closed = try Ports.Closed()
        let silent = try Ports.Silent()
        let garbage = try TCPServer { connection in
            connection.write(Array("220 mail ESMTP\r\n".utf8))
            while connection.read() != nil {}
        }
        let settings = try Self.settings()
        #expect(try Recorder.probe(.tls(settings), .local(closed.number)).error == "tls: connection refused")
        let hung = try Recorder.probe(.tls(settings), .local(silent.number), timeout: .seconds(2))
        #expect(hung.error == "timeout after 2s while connecting")
        let other = try Recorder.probe(.tls(settings), .local(garbage.port))
        #expect(other.error?.hasPrefix("tls: TLS handshake failed") == true, "\(other.error ?? "")")
        withExtendedLifetime((closed, silent)) {}
    }

    @Test func https() throws {
        let server = try SecureServer("server")
        let named = try SecureServer("named")
        func error(_ server: SecureServer, _ check: HTTPCheck) throws -> String? {
            try Recorder.probe(.http(check), .local(server.port)).error
        }
        #expect(try error(server, try HTTPCheck(tls: try Self.settings())) == nil)
        #expect(try error(server, try HTTPCheck(tls: try Self.settings(), expectedBody: Array("<HTML>".utf8))) == nil)
        #expect(
            try error(server, try HTTPCheck(tls: try Self.settings(), expectedBody: Array("nowhere".utf8)))
                == "http: the answer is not the expected one")
        let strict = try HTTPCheck(tls: try Self.settings(), expectedStatus: try StatusRanges(parsing: "404"))
        #expect(try error(server, strict) == "http: status 200")
        // The certificate is for the name that is asked for.
        #expect(try error(named, try HTTPCheck(host: "shop.example", tls: try Self.settings())) == nil)
        let plain = try SocketProbeTests.answering("HTTP/1.1 200 OK\r\n\r\n")
        let health = try Recorder.probe(.http(try HTTPCheck(tls: try Self.settings())), .local(plain.port))
        #expect(health.error?.hasPrefix("http: TLS handshake failed") == true, "\(health.error ?? "")")
    }

    // MARK: gRPC

    @Test(arguments: [
        ("serving", GRPCServer.Answer(message: [8, 1]), String?.none),
        ("not serving", GRPCServer.Answer(message: [8, 2]), "grpc: NOT_SERVING"),
        ("another service", GRPCServer.Answer(status: "12"), "grpc: gRPC status 12"),
    ])
    func grpc(_ name: String, _ answer: GRPCServer.Answer, _ error: String?) throws {
        let server = try GRPCServer(answer)
        #expect(try Recorder.probe(.grpc(try GRPCCheck()), .local(server.port)).error == error)
        #expect(server.isHealthCheck == [true])
    }

    @Test func grpcMeetsAnotherProtocol() throws {
        let plain = try SocketProbeTests.answering("HTTP/1.1 200 OK\r\n\r\n")
        let health = try Recorder.probe(.grpc(try GRPCCheck()), .local(plain.port))
        #expect(health.verdict == .down && health.hasVerdict)
        let silent = try Ports.Silent()
        let hung = try Recorder.probe(.grpc(try GRPCCheck()), .local(silent.number), timeout: .seconds(2))
        #expect(hung.error == "timeout after 2s while waiting for the answer")
        withExtendedLifetime(silent) {}
    }

    /// A server that floods its connection must not keep the other probes from their work.
    @Test func grpcIsNotKeptByAFlood() throws {
        let flood = try TCPServer { connection in
            connection.write([0, 0, 0, 4, 0, 0, 0, 0, 0])
            let pings = [[UInt8]](repeating: [0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], count: 1_000)
            let piece = pings.flatMap { $0 }
            for _ in 0..<100_000 where connection.writesAll(piece) {}
        }
        let silent = try Ports.Silent()
        let recorder = try Recorder()
        let hostile = try EngineTests.target(.grpc(try GRPCCheck()), flood.port) { $0.timeout = .milliseconds(500) }
        let quick = try EngineTests.target(.tcp(TCPCheck()), silent.number)
        recorder.engine.set([hostile, quick])
        _ = try recorder.first(quick)
        #expect(try recorder.first(hostile).health.verdict == .down)
        recorder.engine.stop()
        withExtendedLifetime(silent) {}
    }
}

extension TCPServer.Connection {
    /// False if the connection is closed.
    fileprivate func writesAll(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
