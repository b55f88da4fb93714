import Posix
import Synchronization
import TestSupport
import Testing

@testable import HTTP

/// Requests with a connection of their own, as probes make them.
@Suite struct HTTPSingleRequestTests {
    /// A server that answers each request on a connection with `answer`, and counts connections and keeps requests.
    final class Server: Sendable {
        private final class Seen: Sendable {
            let requests = Mutex<[String]>([])
            let connections = Atomic(0)
        }

        private let seen = Seen()
        private let server: TCPServer

        init(_ answer: String) throws {
            let seen = seen
            server = try TCPServer { connection in
                seen.connections.add(1, ordering: .relaxed)
                while let bytes = connection.read() {
                    seen.requests.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
                    connection.write(Array(answer.utf8))
                }
            }
        }

        var url: String { "http://127.0.0.1:\(server.port)/" }
        var connections: Int { seen.connections.load(ordering: .relaxed) }
        var requests: [String] { seen.requests.withLock { $0 } }
    }

    @Test(arguments: [(true, 1), (false, 3)]) func sharesConnections(_ shares: Bool, _ connections: Int) throws {
        let server = try Server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let client = Client()
        for _ in 0..<3 {
            var request = Request(url: server.url, method: .get, version: .http1)
            request.sharesConnection = shares
            #expect(try client.perform(request).body == Array("ok".utf8))
        }
        #expect(server.connections == connections)
    }

    @Test func stopsAtTheLimitOfTheBody() throws {
        let server = try Server("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n12345678901234567890")
        var request = Request(url: server.url, method: .get, version: .http1)
        request.bodyLimit = 10
        request.stopsAtBodyLimit = true
        let response = try Client().perform(request)
        #expect(response.head.status == 200 && response.body == Array("1234567890".utf8))
        request.stopsAtBodyLimit = false
        #expect(throws: HTTPError(.tooLarge(20))) { try Client().perform(request) }
    }

    @Test(arguments: [(Request.Method.head, "HEAD"), (.other("OPTIONS"), "OPTIONS"), (.get, "GET")])
    func methods(_ method: Request.Method, _ name: String) throws {
        let server = try Server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(try Client().perform(Request(url: server.url, method: method, version: .http1)).head.status == 200)
        #expect(server.requests.first?.hasPrefix("\(name) / HTTP/1.1\r\n") == true)
    }

    @Test func connectsWithoutSending() throws {
        let server = try Server("")
        var request = Request(url: server.url, method: .get, version: .http1)
        request.isHandshakeOnly = true
        #expect(try Client().perform(request).head.status == 0)
        #expect(server.requests.isEmpty)
    }

    @Test func tellsTheOutcomeOnce() throws {
        let closed = try Ports.Closed()
        let outcomes = Mutex<[HTTPError.Kind?]>([])
        let told = Semaphore()
        let client = Client()
        let request = Request(url: "http://127.0.0.1:\(closed.number)/", method: .get, version: .http1)
        let pending = client.start(request) { outcome in
            outcomes.withLock { outcomes in
                if case .failure(let error) = outcome { outcomes.append(error.kind) } else { outcomes.append(nil) }
            }
            told.post()
        }
        #expect(told.wait(atMost: .seconds(60)))
        #expect(!pending.isConnected)
        pending.cancel()
        #expect(throws: HTTPError.self) { try pending.wait() }
        #expect(outcomes.withLock { $0 } == [.refused])
        withExtendedLifetime(closed) {}
    }
}
