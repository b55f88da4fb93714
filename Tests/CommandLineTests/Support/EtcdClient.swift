import Foundation
import Glibc
import TestSupport

/// Calls to etcd's JSON gateway over one kept connection: many times faster than a process for each.
final class EtcdClient {
    private let port: UInt16
    private var descriptor: Int32 = -1

    init(port: UInt16) {
        self.port = port
    }

    deinit { disconnect() }

    func put(_ key: String, _ value: String) throws {
        _ = try call("kv/put", ["key": Self.encoded(key), "value": Self.encoded(value)])
    }

    /// Writes all pairs in one transaction, at one revision.
    func putTogether(_ pairs: [(String, String)]) throws {
        let operations = pairs.map { key, value in
            ["requestPut": ["key": Self.encoded(key), "value": Self.encoded(value)]]
        }
        _ = try call("kv/txn", ["success": operations])
    }

    func delete(_ key: String) throws {
        _ = try call("kv/deleterange", ["key": Self.encoded(key)])
    }

    /// All keys that begin with `prefix`.
    func all(_ prefix: String) throws -> [String: String] {
        var end = Array(prefix.utf8)
        end[end.count - 1] += 1
        let answer = try call(
            "kv/range", ["key": Self.encoded(prefix), "range_end": Data(end).base64EncodedString()])
        let pairs = answer["kvs"] as? [[String: String]] ?? []
        return Dictionary(uniqueKeysWithValues: pairs.map { (Self.decoded($0["key"]), Self.decoded($0["value"])) })
    }

    /// The revision that the store is at.
    func revision() throws -> Int {
        let header = try call("kv/range", ["key": Self.encoded("none")])["header"] as? [String: String]
        guard let revision = header?["revision"].flatMap({ Int($0) }) else { throw SupportError("no revision") }
        return revision
    }

    /// The revision that created a key, and its lease; nil if it is not there.
    func origin(of key: String) throws -> (created: String, lease: String)? {
        let pairs = try call("kv/range", ["key": Self.encoded(key)])["kvs"] as? [[String: String]]
        return pairs?.first.map { ($0["create_revision"] ?? "", $0["lease"] ?? "") }
    }

    /// The seconds until a lease expires if it is not kept alive.
    func timeLeft(ofLease id: String) throws -> Int {
        let text = try call("lease/timetolive", ["ID": id])["TTL"] as? String
        guard let seconds = text.flatMap({ Int($0) }) else { throw SupportError("no time left of lease \(id)") }
        return seconds
    }

    /// Compacts the store up to its current revision, and defragments it.
    func compactAndDefragment() throws {
        do {
            _ = try call("kv/compaction", ["revision": revision(), "physical": true])
        } catch let error as SupportError where error.description.contains("has been compacted") {
            // Nothing was written since the last time.
        }
        _ = try call("maintenance/defragment", [:])
    }

    /// This member's ID, in hexadecimal digits.
    func memberID() throws -> String {
        let header = try call("maintenance/status", [:])["header"] as? [String: String]
        guard let id = header?["member_id"].flatMap({ UInt64($0) }) else { throw SupportError("no member id") }
        return String(id, radix: 16)
    }

    /// A counter of its metrics, summed over all labels that contain `label`.
    func metric(_ name: String, label: String = "") throws -> Double {
        let text = String(
            decoding: try exchange("GET /metrics HTTP/1.1\r\nHost: etcd\r\n\r\n", body: Data()), as: UTF8.self)
        let lines = text.split(separator: "\n").filter { $0.hasPrefix(name) && $0.contains(label) }
        return lines.reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
    }

    /// How often a call is made while a cluster has no leader, with 0.1 s between two calls: on a busy machine an election
    /// may take seconds.
    private static let attempts = 100
    /// gRPC's status code UNAVAILABLE: another attempt may succeed.
    private static let unavailable = 14

    /// One call; connected anew and repeated once if the connection was closed meanwhile.
    func call(_ path: String, _ fields: [String: Any]) throws -> [String: Any] {
        let body = try JSONSerialization.data(withJSONObject: fields)
        let head = "POST /v3/\(path) HTTP/1.1\r\nHost: etcd\r\nContent-Length: \(body.count)\r\n\r\n"
        var attempt = 1
        while true {
            let answer = try exchange(head, body: body)
            let object = try JSONSerialization.jsonObject(with: answer) as? [String: Any]
            if let object, object["error"] == nil { return object }
            guard object?["code"] as? Int == Self.unavailable, attempt < Self.attempts else {
                throw SupportError("etcd: \(path): \(String(decoding: answer, as: UTF8.self))")
            }
            attempt += 1
            // etcd does not announce a new leader to its clients, so the call is made again.
            usleep(100_000)
        }
    }

    // MARK: HTTP/1.1

    private func exchange(_ head: String, body: Data) throws -> Data {
        if descriptor >= 0 {
            if let answer = try? attempt(head, body) { return answer }
            disconnect()
        }
        do {
            return try attempt(head, body)
        } catch {
            disconnect()
            throw error
        }
    }

    private func attempt(_ head: String, _ body: Data) throws -> Data {
        if descriptor < 0 { try connect() }
        let bytes = [UInt8](Data(head.utf8) + body)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw SupportError("etcd takes no request")
        }
        var answer = Data()
        while answer.range(of: Data("\r\n\r\n".utf8)) == nil { answer += try receive() }
        guard let end = answer.range(of: Data("\r\n\r\n".utf8)) else { throw SupportError("no header") }
        let header = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased()
        var rest = Data(answer[end.upperBound...])
        if header.contains("transfer-encoding: chunked") { return try chunked(&rest) }
        let lengthLine = header.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
        guard let length = lengthLine.flatMap({ Int($0.dropFirst(16)) }) else {
            throw SupportError("no length: \(header)")
        }
        while rest.count < length { rest += try receive() }
        return rest
    }

    private func chunked(_ rest: inout Data) throws -> Data {
        var body = Data()
        let lineEnd = Data("\r\n".utf8)
        while true {
            while rest.range(of: lineEnd) == nil { rest += try receive() }
            guard let end = rest.range(of: lineEnd),
                let size = Int(String(decoding: rest[rest.startIndex..<end.lowerBound], as: UTF8.self), radix: 16)
            else { throw SupportError("no chunk") }
            rest = Data(rest[end.upperBound...])
            while rest.count < size + 2 { rest += try receive() }
            if size == 0 { return body }
            body += rest.prefix(size)
            rest = Data(rest.dropFirst(size + 2))
        }
    }

    private func connect() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        // Only ends a test whose etcd does not answer.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = loopback(port)
        let descriptor = descriptor
        guard withSocketAddress(&address, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            throw SupportError("etcd does not listen on \(port)")
        }
    }

    private func receive() throws -> Data {
        var buffer = [UInt8](repeating: 0, count: 262_144)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw SupportError("etcd does not answer") }
        return Data(buffer[..<count])
    }

    private func disconnect() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private static func encoded(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func decoded(_ text: String?) -> String {
        String(decoding: Data(base64Encoded: text ?? "") ?? Data(), as: UTF8.self)
    }
}
