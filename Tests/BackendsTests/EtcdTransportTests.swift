import HTTP
import Posix
import TestSupport
import Testing

@testable import Backends

/// The HTTP client by itself, against servers that send fixed bytes.
@Suite struct EtcdTransportTests {
    private func server(_ answer: String, closing: Bool = true) throws -> TCPServer {
        try TCPServer { connection in
            _ = connection.read()
            connection.write(Array(answer.utf8))
            if !closing { while connection.read() != nil {} }
        }
    }

    private func request(_ server: TCPServer, _ change: (inout Request) -> Void = { _ in }) -> Request {
        var request = Request(url: "http://127.0.0.1:\(server.port)/path", method: .get, version: .http1)
        request.timeout = .seconds(10)
        change(&request)
        return request
    }

    private func failure(_ request: Request) -> HTTPError? {
        do throws(HTTPError) {
            _ = try Client().perform(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsAnAnswer() throws {
        let server = try server(
            "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 404 Not Found\r\nX-Name:  value \r\nContent-Length: 4\r\n\r\nbody"
        )
        let answer = try Client().perform(request(server))
        #expect(answer.head.status == 404)
        #expect(answer.head.headers == [Header("x-name", "value"), Header("content-length", "4")])
        #expect(answer.body == Array("body".utf8))
    }

    @Test func readsTrailers() throws {
        let server = try server(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Trailer: 1\r\n\r\n")
        let answer = try Client().perform(request(server))
        #expect(answer.body == Array("ab".utf8))
        #expect(answer.trailers == [Header("x-trailer", "1")])
    }

    @Test func sendsHeadersAndBody() throws {
        let server = try TCPServer { connection in
            var bytes: [UInt8] = []
            while !bytes.suffix(5).elementsEqual("hello".utf8), let more = connection.read() { bytes += more }
            let text = String(decoding: bytes, as: UTF8.self)
            connection.write(Array("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)".utf8))
        }
        let sent = try Client().perform(
            request(server) {
                $0.method = .post
                $0.headers = [Header("x-name", "value")]
                $0.body = Array("hello".utf8)
            })
        let text = String(decoding: sent.body, as: UTF8.self)
        #expect(text.hasPrefix("POST /path HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n"))
        #expect(text.contains("\r\nx-name: value\r\n"))
        #expect(text.hasSuffix("\r\n\r\nhello"))
    }

    @Test func doesNotFollowRedirects() throws {
        let server = try server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        #expect(try Client().perform(request(server)).head.status == 302)
    }

    @Test func refusesALineBreakInAHeader() throws {
        let server = try server("")
        for value in ["a\r\nx: y", "a\nb", "a\0b"] {
            let error = failure(request(server) { $0.headers = [Header("x-name", value)] })
            #expect(error?.kind == .invalidRequest)
        }
    }

    @Test func limitsTheBody() throws {
        let server = try server("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789")
        #expect(failure(request(server) { $0.bodyLimit = 19 })?.kind == .tooLarge(20))
        #expect(failure(request(server) { $0.bodyLimit = 20 }) == nil)
    }

    @Test func limitsTheHeaders() throws {
        let line = "X-Long: " + String(repeating: "x", count: 50_000) + "\r\n"
        let server = try server("HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 6) + "\r\n")
        #expect(failure(request(server)) != nil)
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", ""])
    func noticesACut(_ answer: String) throws {
        let server = try server(answer)
        #expect(failure(request(server))?.kind == .reset)
    }

    @Test func limitsTheTime() throws {
        let server = try server("", closing: false)
        #expect(failure(request(server) { $0.timeout = .seconds(2) })?.kind == .answerTimeout)
        let start = Clock.monotonic()
        #expect(failure(request(server) { $0.firstByteTimeout = .seconds(2) })?.kind == .answerTimeout)
        #expect(Clock.monotonic() - start < .seconds(8), "not the limit of the whole answer")
        let slow = try self.server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow", closing: false)
        let begun = Clock.monotonic()
        #expect(
            failure(
                request(slow) {
                    $0.timeout = .seconds(6)
                    $0.firstByteTimeout = .seconds(3)
                })?.kind == .answerTimeout)
        #expect(Clock.monotonic() - begun >= .seconds(5), "the first byte came in time")
    }

    @Test func endsWhatIsCancelled() throws {
        let server = try server("", closing: false)
        let client = Client()
        let stream = client.open(request(server) { $0.method = .post })
        stream.cancel()
        #expect(throws: HTTPError(.cancelled)) { try stream.next(until: .now.advanced(by: .seconds(10))) }
        // Dropped without waiting: the client goes on working.
        _ = client.start(request(server))
        #expect(failure(request(server) { $0.timeout = .seconds(2) })?.kind == .answerTimeout)
    }

    @Test func waitsNoLongerThanAsked() throws {
        let server = try server("", closing: false)
        let stream = Client().open(request(server) { $0.method = .post })
        let start = ContinuousClock.now
        #expect(try stream.next(until: start.advanced(by: .milliseconds(50))) == nil)
        #expect(start.duration(to: .now) >= .milliseconds(50))
    }

    @Test func runsManyRequestsAtOnce() throws {
        let server = try server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let client = Client()
        let pending = (0..<50).map { _ in client.start(request(server)) }
        for answer in pending { #expect(try answer.wait().body == Array("ok".utf8)) }
    }
}
