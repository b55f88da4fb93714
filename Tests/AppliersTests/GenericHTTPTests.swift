import HTTP
import Posix
import Synchronization
import TestSupport
import Testing

@testable import Appliers

/// The driver for any HTTP API, against a small API in the test.
@Suite struct GenericHTTPTests {
    /// The servers of the API, and its answers to requests.
    private final class Pool: Sendable {
        let servers = Mutex<[(name: String, weight: Int, isDrained: Bool)]>([])

        func answer(_ call: HTTPServer.Call) -> HTTPServer.Answer {
            let parts = call.path.split(separator: "/").map(String.init)
            let body = try? JSONValue(parsing: Array(call.body.utf8))
            return servers.withLock { servers in
                switch (call.method, parts.count) {
                case ("GET", 1):
                    let list = servers.map {
                        #"{"server":{"name":"\#($0.name)"},"weight":\#($0.weight),"off":\#($0.isDrained)}"#
                    }
                    return HTTPServer.Answer(200, #"{"data":{"list":[\#(list.joined(separator: ","))]}}"#)
                case ("POST", 1):
                    guard let name = body?["name"]?.string, let weight = body?["weight"]?.integer else {
                        return HTTPServer.Answer(400, "bad body")
                    }
                    servers.append((name, weight, body?["off"]?.bool ?? false))
                    return HTTPServer.Answer(201)
                case ("PUT", 2):
                    guard let index = Int(parts[1]), servers.indices.contains(index),
                        let weight = body?["weight"]?.integer, let isDrained = body?["off"]?.bool
                    else { return HTTPServer.Answer(404) }
                    servers[index].weight = weight
                    servers[index].isDrained = isDrained
                    return HTTPServer.Answer(204)
                case ("DELETE", 2):
                    guard let index = Int(parts[1]), servers.indices.contains(index) else {
                        return HTTPServer.Answer(404)
                    }
                    servers.remove(at: index)
                    return HTTPServer.Answer(200)
                default: return HTTPServer.Answer(404)
                }
            }
        }

        var names: [String] {
            servers.withLock { $0.map { "\($0.name) \($0.weight) \($0.isDrained)" }.sorted() }
        }
    }

    private func target(_ url: String, change: Bool = true) throws -> GenericHTTPTarget {
        var pointers = GenericHTTPTarget.Pointers(match: try #require(JSONPointer("/server/name")))
        pointers.weight = JSONPointer("/weight")
        if change { pointers.drain = JSONPointer("/off") }
        let body = try RequestTemplate.parts(#"{"name":"{{.address}}","weight":{{.weight}},"off":{{.drain}}}"#)
        var endpoint = try HTTPEndpoint(url)
        endpoint.headers = [Header("Authorization", "Bearer s3cret")]
        return try GenericHTTPTarget(
            endpoint, name: "web", list: RequestTemplate(.get, RequestTemplate.parts("/servers")),
            items: #require(JSONPointer("/data/list")), identity: .address, pointers: pointers,
            add: RequestTemplate(.post, RequestTemplate.parts("/servers"), body: body),
            change: change ? RequestTemplate(.put, RequestTemplate.parts("/servers/{{.handle}}"), body: body) : nil,
            remove: RequestTemplate(.delete, RequestTemplate.parts("/servers/{{.handle}}")))
    }

    @Test(arguments: [false, true]) func serversComeChangeAndGo(_ isUnix: Bool) throws {
        let pool = Pool()
        let directory = try TemporaryDirectory()
        let server = try HTTPServer(path: isUnix ? directory("s") : nil) { pool.answer($0) }
        let target = try target(isUnix ? "unix://\(directory("s")):" : server.url)
        let test = try TestSession { GenericHTTPDriver(target) }
        let many = (1...6).map { DesiredServer.local("s\($0)", UInt16($0), weight: $0) }
        #expect(test.apply(many).isEqual)
        #expect(pool.names == (1...6).map { "127.0.0.1:\($0) \($0) false" })
        // Handles are places in the list, which change when servers are removed.
        #expect(test.apply([.local("s2", 2, weight: 9), .local("s5", 5, weight: 5, isDrained: true)]).isEqual)
        #expect(pool.names == ["127.0.0.1:2 9 false", "127.0.0.1:5 5 true"])
        #expect(server.calls.allSatisfy { $0.headers["authorization"] == "Bearer s3cret" })
    }

    @Test func withoutChangeServersAreReplaced() throws {
        let pool = Pool()
        let server = try HTTPServer { pool.answer($0) }
        let target = try target(server.url, change: false)
        let test = try TestSession { GenericHTTPDriver(target) }
        #expect(test.apply([.local("a", 1), .local("b", 2)]).isEqual)
        #expect(test.apply([.local("a", 1, weight: 4), .local("b", 2, weight: 4)]).isEqual)
        #expect(pool.names == ["127.0.0.1:1 4 false", "127.0.0.1:2 4 false"])
        #expect(server.calls.allSatisfy { $0.method != "PUT" })
    }

    private func failure(_ answer: HTTPServer.Answer) throws -> ApplierError? {
        let server = try HTTPServer { _ in answer }
        var driver = GenericHTTPDriver(try target(server.url))
        return #expect(throws: ApplierError.self) { try driver.read(try patience()) }
    }

    @Test func redirectsAreNotFollowed() throws {
        let elsewhere = try HTTPServer { _ in HTTPServer.Answer(200, "[]") }
        let error = try failure(HTTPServer.Answer(302, "", headers: [("Location", elsewhere.url)]))
        #expect(error?.kind == .status("GET /servers", 302, said: ""))
        #expect(elsewhere.calls.isEmpty)
    }

    @Test func secretsThatAreEchoedAreNotSaid() throws {
        let said = "denied: Bearer s3cret\r\n" + String(repeating: "x", count: 100_000)
        let error = try #require(try failure(HTTPServer.Answer(403, said)))
        #expect(!error.message.contains("s3cret"))
        guard case .status(_, 403, let kept) = error.kind else {
            Issue.record("\(error)")
            return
        }
        #expect(kept.hasPrefix("denied: ***\r\nxxx") && kept.utf8.count <= Said.limit)
    }

    @Test(arguments: [
        ("{", "unexpected end of JSON input"), ("{}", "no list at \"/data/list\""),
        (#"{"data":{"list":{}}}"#, "no list at \"/data/list\""),
        (#"{"data":{"list":[{"server":{"name":[]}}]}}"#, "a server without \"/server/name\""),
    ])
    func answersThatAreNoneAreNamed(_ body: String, _ why: String) throws {
        #expect(try failure(HTTPServer.Answer(200, body))?.kind == .malformed("GET /servers", why))
    }

    @Test func anAnswerWithoutEndIsBounded() throws {
        let server = try StreamServer { connection in
            _ = connection.read()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let block = Array("10000\r\n".utf8) + [UInt8](repeating: 32, count: 65_536) + Array("\r\n".utf8)
            while connection.write(block) {}
        }
        var driver = GenericHTTPDriver(try target("http://127.0.0.1:\(server.port)"))
        let error = #expect(throws: ApplierError.self) { try driver.read(try patience(.seconds(60))) }
        #expect(error?.kind == .tooLarge(limit: 8 << 20))
    }

    @Test func silenceAndHalfAnswersAreNamed() throws {
        let silent = try Ports.Silent()
        var driver = GenericHTTPDriver(try target("http://127.0.0.1:\(silent.number)"))
        let timeout = #expect(throws: ApplierError.self) { try driver.read(try patience(.seconds(5))) }
        #expect(timeout?.kind == .timeout("GET /servers"))
        let half = try StreamServer { connection in
            _ = connection.read()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
        }
        var second = GenericHTTPDriver(try target("http://127.0.0.1:\(half.port)"))
        let broken = #expect(throws: ApplierError.self) { try second.read(try patience()) }
        guard case .http(let error)? = broken?.kind else {
            Issue.record("\(String(describing: broken))")
            return
        }
        #expect(error.kind == .reset)
    }

    @Test func cancellationEndsARequest() throws {
        let cancellation = try Cancellation()
        let server = try StreamServer { connection in
            _ = connection.read()
            cancellation.cancel()
            connection.hold()
        }
        var driver = GenericHTTPDriver(try target("http://127.0.0.1:\(server.port)"))
        let patience = Patience(limit: .seconds(600), cancellation: cancellation)
        let error = #expect(throws: ApplierError.self) { try driver.read(patience) }
        #expect(error?.kind == .cancelled)
    }

    @Test func refusedStepsDoNotKeepBackOthers() throws {
        let server = try HTTPServer { call in
            call.body.contains("127.0.0.1:1") ? HTTPServer.Answer(422, "no") : HTTPServer.Answer(201)
        }
        var driver = GenericHTTPDriver(try target(server.url))
        let report = try driver.perform([.add(.local("a", 1)), .add(.local("b", 2))], try patience())
        #expect(report.failures.map(\.server) == ["a"])
        #expect(report.failures.first?.error.kind == .status("POST /servers", 422, said: "no"))
        #expect(server.calls.count == 2)
    }
}
