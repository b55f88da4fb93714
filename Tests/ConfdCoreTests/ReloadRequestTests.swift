import Posix
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// `[template.reload]` with `http`, sent to servers that the test runs.
@Suite struct ReloadRequestTests {
    private let directory: TemporaryDirectory
    private let cancellation: Cancellation

    init() throws {
        directory = try TemporaryDirectory()
        cancellation = try Cancellation()
    }

    /// Sends the request that `fields` of `http` describe; the error if there is one.
    private func send(_ fields: String, timeout: Duration = .seconds(60)) throws -> ReloadError? {
        let resource = try Resource.test(
            destination: directory("app"), fields: "[template.reload]\nhttp = { \(fields) }")
        let action = try #require(try resource.reloadMethod?.action(source: "/s", destination: resource.destination))
        guard case .request(let request, let bodyFile) = action else {
            throw SupportError("not a request")
        }
        do throws(ReloadError) {
            try RequestSender(cancellation).send(request, bodyFile: bodyFile, timeout: timeout)
            return nil
        } catch {
            return error
        }
    }

    @Test func aPostWithoutABody() throws {
        let server = try HTTPServer { _ in .init(204) }
        #expect(try send("url = \"\(server.url)/-/reload?x=1\"") == nil)
        let call = try #require(server.calls.first)
        #expect(server.calls.count == 1 && call.method == "POST" && call.path == "/-/reload?x=1" && call.body.isEmpty)
        #expect(call.headers["content-type"] == nil && call.headers["authorization"] == nil)
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
    func otherMethods(_ method: String) throws {
        let server = try HTTPServer { _ in .init() }
        #expect(try send("url = \"\(server.url)/\", method = \"\(method)\"") == nil)
        #expect(server.calls.map(\.method) == [method])
    }

    @Test func sendsTheFile() throws {
        let server = try HTTPServer { _ in .init() }
        try directory.write("app", "{\"a\": \"\u{e9}\"}\n")
        try directory.write("token", "s3cr-et\n")
        let fields =
            "url = \"\(server.url)/load\", headers = { Content-Type = \"application/json\", X-A = \"b\" }, "
            + "body_file = \"{{.dest}}\", token_file = \"\(directory("token"))\""
        #expect(try send(fields) == nil)
        let call = try #require(server.calls.first)
        #expect(call.body == "{\"a\": \"\u{e9}\"}\n")
        #expect(call.headers["content-type"] == "application/json" && call.headers["x-a"] == "b")
        #expect(call.headers["authorization"] == "Bearer s3cr-et")
    }

    @Test func throughASocket() throws {
        let server = try HTTPServer(path: directory("s")) { _ in .init(204) }
        #expect(try send("url = \"unix://\(directory("s")):/containers/n/kill?signal=HUP\"") == nil)
        #expect(server.calls.map(\.path) == ["/containers/n/kill?signal=HUP"])
    }

    /// The error has the body of the answer; tokens, header values and the query of the request are masked or left out.
    @Test func anUnexpectedStatus() throws {
        let server = try HTTPServer { call in
            .init(500, " no: \(call.headers["authorization"] ?? "") \(call.headers["x-key"] ?? "") line\u{1b}[1m\n")
        }
        try directory.write("token", "s3cr-et")
        let fields =
            "url = \"\(server.url)/r?key=abc\", headers = { X-Key = \"k3y\" }, token_file = \"\(directory("token"))\""
        let error = try #require(try send(fields))
        #expect(error.message == "POST \(server.url)/r: status 500: no: Bearer *** *** line\u{1b}[1m")
        #expect(error.wasAsked)
    }

    @Test func ofALongAnswerTheBeginning() throws {
        let server = try HTTPServer { _ in .init(400, String(repeating: "x", count: 10_000_000)) }
        let error = try #require(try send("url = \"\(server.url)/\""))
        guard case .request(.status(400, let said), _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(said.utf8.count == 4_096)
    }

    @Test func redirectsAreNotFollowed() throws {
        let other = try HTTPServer { _ in .init() }
        let server = try HTTPServer { _ in .init(302, headers: [("location", "\(other.url)/")]) }
        let error = try send("url = \"\(server.url)/\"")
        #expect(error == .request(.status(302, said: ""), name: "POST \(server.url)/"))
        #expect(other.calls.isEmpty)
        #expect(try send("url = \"\(server.url)/\", expect_status = \"200-302\"") == nil)
    }

    @Test func nobodyListens() throws {
        let port = try Ports.free()
        let error = try #require(try send("url = \"http://127.0.0.1:\(port)/\""))
        #expect(error.message == "POST http://127.0.0.1:\(port)/: connection refused")
        #expect(!error.wasAsked)
        let absent = try #require(try send("url = \"unix://\(directory("none")):/\""))
        #expect(absent.message.hasSuffix("\(directory("none")): no such file or directory") && !absent.wasAsked)
        try directory.write("file", "")
        let file = try #require(try send("url = \"unix://\(directory("file")):/\""))
        #expect(file.message.hasSuffix("is not a socket") && !file.wasAsked)
    }

    @Test func aServerThatDoesNotAnswer() throws {
        let server = try StreamServer { $0.hold() }
        let error = try #require(try send("url = \"http://127.0.0.1:\(server.port)/\"", timeout: .seconds(3)))
        #expect(error.message.hasSuffix("no answer within the time limit") && error.wasAsked)
    }

    @Test func theEndOfConfdEndsIt() throws {
        let server = try StreamServer { [cancellation] connection in
            _ = connection.read()
            cancellation.cancel()
            connection.hold()
        }
        let error = try send("url = \"http://127.0.0.1:\(server.port)/\"", timeout: .seconds(600))
        #expect(error == .request(.cancelled, name: "POST http://127.0.0.1:\(server.port)/"))
    }

    @Test func filesThatAreMissing() throws {
        let server = try HTTPServer { _ in .init() }
        let body = try #require(try send("url = \"\(server.url)/\", body_file = \"{{.dest}}\""))
        #expect(body.message.hasSuffix("body_file: there is no \(directory("app"))") && !body.wasAsked)
        let token = try #require(try send("url = \"\(server.url)/\", token_file = \"\(directory("no"))\""))
        #expect(token.message.hasSuffix("token_file: open \(directory("no")): no such file or directory"))
        for content in ["", "\n", "a b", "a\nb", "\u{e9}"] {
            try directory.write("token", content)
            let error = try #require(try send("url = \"\(server.url)/\", token_file = \"\(directory("token"))\""))
            #expect(error.message.contains("holds no token") && !error.message.contains("a b"))
        }
        #expect(server.calls.isEmpty)
    }
}
