import Synchronization
import TestSupport

@testable import Appliers

/// Speaks the published API of NGINX Plus, which needs a licence, for one http upstream `web`, as far as the driver uses it.
/// Requests that the documentation does not allow are refused.
final class NginxPlusStandIn: Sendable {
    private let server: HTTPServer
    private let upstream: Upstream

    var url: String { server.url }
    var calls: [HTTPServer.Call] { server.calls }

    /// `ADDRESS weight [backup] [down] [drain]`, sorted.
    var servers: [String] {
        upstream.state.withLock { state in
            state.servers.map { _, members in
                let flags = ["backup", "down", "drain"].filter { members[$0] == .bool(true) }
                return ([members["server"]?.string ?? "", members["weight"]?.scalarText ?? ""] + flags)
                    .joined(separator: " ")
            }.sorted()
        }
    }

    /// With `isWritable` false it refuses changes, as NGINX Plus does without `api write=on`.
    init(isWritable: Bool = true) throws {
        let upstream = Upstream()
        self.upstream = upstream
        server = try HTTPServer { call in
            if call.method != "GET", !isWritable { return Upstream.error(405, "MethodDisabled", "method is disabled") }
            return upstream.answer(call)
        }
    }

    private final class Upstream: Sendable {
        struct State {
            var servers: [(id: Int, members: [String: JSONValue])] = []
            var next = 0
        }

        let state = Mutex(State())
        private static let members: Set<String> = [
            "server", "weight", "max_conns", "max_fails", "fail_timeout", "slow_start", "route", "backup", "down",
            "drain",
        ]
        private static let base = "/api/9/http/upstreams/web"

        func answer(_ call: HTTPServer.Call) -> HTTPServer.Answer {
            guard call.path.hasPrefix("/api/9/") else { return Self.error(404, "UnknownVersion", "unknown version") }
            guard call.path.hasPrefix(Self.base) else {
                return Self.error(404, "UpstreamNotFound", "upstream not found")
            }
            let rest = call.path.dropFirst(Self.base.count)
            switch (call.method, rest) {
            case ("GET", ""): return HTTPServer.Answer(200, peers)
            case ("GET", "/servers"): return HTTPServer.Answer(200, list)
            case ("POST", "/servers"): return add(call.body)
            case ("PATCH", _) where rest.hasPrefix("/servers/"):
                return change(Int(rest.dropFirst("/servers/".count)) ?? -1, call.body)
            case ("DELETE", _) where rest.hasPrefix("/servers/"):
                return remove(Int(rest.dropFirst("/servers/".count)) ?? -1)
            default: return Self.error(405, "MethodNotSupported", "method not supported")
            }
        }

        static func error(_ status: Int, _ code: String, _ text: String) -> HTTPServer.Answer {
            HTTPServer.Answer(
                status, #"{"error":{"status":\#(status),"text":"\#(text)","code":"\#(code)"},"request_id":"x"}"#)
        }

        private var list: String {
            state.withLock { state in "[\(state.servers.map { Self.text($0.id, $0.members) }.joined(separator: ","))]" }
        }

        private var peers: String {
            let peers = state.withLock { state in
                state.servers.map { id, members in
                    let name =
                        members["down"] == .bool(true) ? "down" : members["drain"] == .bool(true) ? "draining" : "up"
                    return #"{"id":\#(id),"server":"\#(members["server"]?.string ?? "")","state":"\#(name)"}"#
                }
            }
            return #"{"peers":[\#(peers.joined(separator: ","))],"keepalive":0,"zombies":0,"zone":"web"}"#
        }

        private func add(_ body: String) -> HTTPServer.Answer {
            guard let given = Self.decoded(body), let address = given["server"]?.string else {
                return Self.error(400, "UpstreamConfFormatError", "missing \"server\" argument")
            }
            return state.withLock { state in
                if state.servers.contains(where: { $0.members["server"] == .string(address) }) {
                    return Self.error(400, "EntryExists", "entry already exists")
                }
                var members: [String: JSONValue] = [
                    "weight": .number(text: "1", value: 1), "max_conns": .number(text: "0", value: 0),
                    "max_fails": .number(text: "1", value: 1), "fail_timeout": .string("10s"),
                    "slow_start": .string("0s"), "route": .string(""), "backup": .bool(false), "down": .bool(false),
                ]
                members.merge(given) { _, new in new }
                let id = state.next
                state.next += 1
                state.servers.append((id, members))
                return HTTPServer.Answer(201, Self.text(id, members))
            }
        }

        private func change(_ id: Int, _ body: String) -> HTTPServer.Answer {
            guard let given = Self.decoded(body), given["backup"] == nil else {
                return Self.error(400, "UpstreamConfFormatError", "unknown parameter")
            }
            return state.withLock { state in
                guard let index = state.servers.firstIndex(where: { $0.id == id }) else {
                    return Self.error(404, "UpstreamServerNotFound", "server with ID \"\(id)\" does not exist")
                }
                state.servers[index].members.merge(given) { _, new in new }
                return HTTPServer.Answer(200, Self.text(id, state.servers[index].members))
            }
        }

        private func remove(_ id: Int) -> HTTPServer.Answer {
            let isThere = state.withLock { state in
                defer { state.servers.removeAll { $0.id == id } }
                return state.servers.contains { $0.id == id }
            }
            return isThere
                ? HTTPServer.Answer(200, list)
                : Self.error(404, "UpstreamServerNotFound", "server with ID \"\(id)\" does not exist")
        }

        /// The members of a JSON object; nil if it is none, or has an unknown member.
        private static func decoded(_ body: String) -> [String: JSONValue]? {
            guard case .object(let given) = try? JSONValue(parsing: Array(body.utf8)),
                given.allSatisfy({ members.contains($0.key) })
            else { return nil }
            return Dictionary(given.map { ($0.key, $0.value) }) { _, last in last }
        }

        private static func text(_ id: Int, _ members: [String: JSONValue]) -> String {
            let all =
                [JSONValue.Member("id", .number(text: "\(id)", value: Double(id)))]
                + members.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value) }
            return String(decoding: JSONValue.object(all).encoded, as: UTF8.self)
        }
    }
}
