import Glibc
import TestSupport
import Testing

@testable import Backends
@testable import HTTP

/// Attack: a server that keeps us busy with HTTP/2 frames that carry nothing.
@Suite struct HTTPFloodTests {
    static let floods: [(name: String, frame: [UInt8])] = [
        ("empty DATA", [0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("PING", [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("answers to no PING", [0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("empty SETTINGS", [0, 0, 0, 4, 0, 0, 0, 0, 0]),
        ("WINDOW_UPDATE", [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("PRIORITY", [0, 0, 5, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
        ("a frame that nobody knows", [0, 0, 0, 0xfa, 0, 0, 0, 0, 0]),
    ]

    @Test("A stream ends", arguments: floods.map(\.name))
    func stream(_ name: String) throws {
        let server = try Self.server(name)
        let stream = Client().open(Self.request(server))
        var failure: HTTPError?
        let end = ContinuousClock.now.advanced(by: .seconds(120))
        while failure == nil, ContinuousClock.now < end {
            do throws(HTTPError) { _ = try stream.next(until: end) } catch { failure = error }
        }
        // nghttp2 counts the answers that it owes for some of them, and ends the connection by itself.
        let error = try #require(failure)
        #expect([.malformed, .reset].contains(error.kind), "\(error)")
    }

    @Test func aCallEnds() throws {
        let server = try Self.server("empty DATA")
        var request = Self.request(server)
        request.timeout = .seconds(120)
        let error = try #require(throws: HTTPError.self) { try Client().perform(request) }
        #expect(error.message == "not a valid HTTP answer (frames without data, and no end of them)")
    }

    /// One byte in each frame and empty frames between them, sent more slowly than the connection allows, are no flood.
    @Test func aLargeAnswerOfTinyFramesIsNotCut() throws {
        let size = 100_000
        let piece: [UInt8] = [0, 0, 1, 0, 0, 0, 0, 0, 1, 42]
        let nothing = Self.floods.filter { ["empty DATA", "WINDOW_UPDATE"].contains($0.name) }.flatMap(\.frame)
        let server = try Self.server { connection in
            for _ in 0..<size / 1000 where connection.writes(Self.repeated(piece + nothing + nothing, 1000)) {
                connection.waitForMore(milliseconds: 10)
            }
            _ = connection.writes([0, 0, 0, 0, 1, 0, 0, 0, 1])
            while connection.read() != nil {}
        }
        var request = Self.request(server)
        request.timeout = .seconds(120)
        let response = try Client().perform(request)
        #expect(response.body.count == size)
    }

    /// Processor time and wall time in milliseconds a round; `expected` is the round that cuts the connection, if any.
    @Test(arguments: [
        ("busy for nothing", 25, 25, 0, false, 5 as Int?),
        ("half the time", 25, 50, 0, false, 6),
        ("as busy as pings and flow control make us", 5, 50, 0, false, nil),
        ("busy with what comes", 25, 25, 25, false, nil),
        ("little comes among the frames", 25, 25, 10, false, 9),
        ("one effort now and then", 90, 60_000, 0, false, nil),
        ("a virtual machine that is stopped while its clock goes on", 900, 900, 0, false, nil),
        ("a handshake", 25, 25, 0, true, 23),
    ])
    func effort(
        _ name: String, processor: Int, wall: Int, allowed: Int, isHandshaking: Bool, expected: Int?
    ) {
        let start = ContinuousClock.now
        var effort = Effort(processor: .zero, now: start)
        let cut = (1...30).first { round in
            effort.isWasted(
                processor: .milliseconds(round * processor), now: start.advanced(by: .milliseconds(round * wall)),
                allowed: .milliseconds(allowed), isHandshaking: isHandshaking)
        }
        #expect(cut == expected)
    }

    private static func request(_ server: TCPServer) -> Request {
        var request = Request(url: "http://127.0.0.1:\(server.port)/call", method: .post, version: .http2)
        request.headers = [Header("content-type", "application/grpc")]
        return request
    }

    /// Begins its answer and then sends the frame again and again, until the connection is closed.
    private static func server(_ name: String) throws -> TCPServer {
        let frame = floods.first { $0.name == name }?.frame ?? []
        let block = repeated(frame, 65_536 / frame.count)
        return try server { connection in
            while connection.writes(block) {}
        }
    }

    /// Begins its answer and leaves the rest to `body`.
    private static func server(_ body: @escaping @Sendable (TCPServer.Connection) -> Void) throws -> TCPServer {
        try TCPServer { connection in
            // Until the request's HEADERS are surely there: the preface, SETTINGS, WINDOW_UPDATE, HEADERS.
            var received: [UInt8] = []
            while !received.contains(headersOfStream1: 24), let more = connection.read() { received += more }
            connection.write([0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 0, 4, 1, 0, 0, 0, 0])
            // HEADERS, END_HEADERS, stream 1: `:status: 200` is entry 8 of HPACK's static table.
            connection.write([0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88])
            body(connection)
        }
    }

    private static func repeated(_ frame: [UInt8], _ count: Int) -> [UInt8] {
        Array(repeatElement(frame, count: count).joined())
    }
}

extension [UInt8] {
    /// Whether the frames from `start` on, as far as they have come, hold a HEADERS frame.
    fileprivate func contains(headersOfStream1 start: Int) -> Bool {
        var position = start
        while position + 9 <= count {
            if self[position + 3] == 1 { return true }
            position += 9 + self[position..<position + 3].reduce(0) { $0 << 8 | Int($1) }
        }
        return false
    }
}

extension TCPServer.Connection {
    /// False if the connection is closed.
    fileprivate func writes(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            // At most 100 ms: a client that answers each frame stops reading until somebody reads its answers.
            var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            Glibc.poll(&item, 1, 100)
            discard()
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0 && errno != EAGAIN { return false }
            rest = rest.dropFirst(max(0, count))
        }
        return true
    }

    /// Waits until the client sends something, at most this long.
    fileprivate func waitForMore(milliseconds: Int32) {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        Glibc.poll(&item, 1, milliseconds)
        discard()
    }

    /// Reads what has come without looking at it.
    fileprivate func discard() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)) > 0 {}
    }
}
