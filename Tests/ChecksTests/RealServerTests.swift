import Posix
import TestSupport
import Testing

@testable import Checks

/// Probes against servers that people run.
@Suite struct RealServerTests {
    @Test func nginx() throws {
        let directory = try TemporaryDirectory()
        let port = try Ports.free()
        try directory.write("page", String(repeating: "x", count: 200_000))
        let configuration = try directory.write(
            "nginx.conf",
            """
            daemon off; master_process off; pid \(directory("pid")); error_log \(directory("log"));
            events { worker_connections 64; }
            http {
                access_log off; client_body_temp_path \(directory("body")); proxy_temp_path \(directory("proxy"));
                fastcgi_temp_path \(directory("fastcgi")); uwsgi_temp_path \(directory("uwsgi"));
                scgi_temp_path \(directory("scgi"));
                server {
                    listen 127.0.0.1:\(port);
                    root \(directory.path);
                    location = /health { return 200 "status: ok"; }
                    location = /host { return 200 "host is $host, agent is $http_user_agent"; }
                    location = /moved { return 301 /health; }
                }
            }
            """)
        let server = try BackgroundProcess("PATH=$PATH:/usr/sbin nginx -p \(directory.path) -c \(configuration)")
        try TCPServer.Connection.waitForServer(port)
        func error(_ check: HTTPCheck) throws -> String? {
            try Recorder.probe(.http(check), .local(port)).error
        }
        #expect(try error(try HTTPCheck(path: "/health", expectedBody: Array("ok".utf8))) == nil)
        #expect(try error(try HTTPCheck(method: "HEAD", path: "/health")) == nil)
        #expect(try error(try HTTPCheck(path: "/none")) == "http: status 404")
        #expect(try error(try HTTPCheck(path: "/moved")) == nil)
        #expect(try error(try HTTPCheck(path: "/page")) == nil)
        let unexpected = "http: the answer is not the expected one"
        #expect(try error(try HTTPCheck(path: "/page", expectedBody: Array("y".utf8))) == unexpected)
        let named = try HTTPCheck(
            path: "/host", host: "shop.example", headers: [.init("User-Agent", "probe")],
            expectedBody: Array("host is shop.example, agent is probe".utf8))
        #expect(try error(named) == nil)
        withExtendedLifetime(server) {}
    }

    /// Against the package `grpcio-health-checking` of PyPI: `CONFD_TEST_GRPC` is a Python that has it.
    @Test(
        .enabled(if: Environment.text("CONFD_TEST_GRPC") != nil),
        arguments: [
            ("SERVING", String?.none), ("NOT_SERVING", "grpc: NOT_SERVING"), ("UNKNOWN", "grpc: UNKNOWN"),
            // "gRPC status 12", unless libcurl 7.88 forgets the headers that it reads together with a reset.
            ("NONE", "grpc: "),
        ])
    func grpc(_ status: String, _ error: String?) throws {
        let certificates = try TestCertificates.shared.get()
        let files = "\(certificates.path("server.pem")) \(certificates.path("server.key"))"
        let settings = try TLSSettings(authorityFile: certificates.path("ca.pem"))
        for (arguments, check) in [("", try GRPCCheck()), (files, try GRPCCheck(tls: settings))] {
            let port = try Ports.free()
            let python = Environment.text("CONFD_TEST_GRPC") ?? "python3"
            let script = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
            let server = try BackgroundProcess(
                "\(python) /\(script)/Checks/grpc-health-server \(port) \(status) \(arguments)")
            try TCPServer.Connection.waitForServer(port)
            let health = try Recorder.probe(.grpc(check), .local(port))
            #expect(status == "NONE" ? health.error?.hasPrefix("grpc: ") == true : health.error == error)
            #expect(health.hasVerdict && health.isUp == (status == "SERVING"))
            withExtendedLifetime(server) {}
        }
    }
}
