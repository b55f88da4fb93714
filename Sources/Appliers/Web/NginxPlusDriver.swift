import Diagnostics
import HTTP
import Primitives

/// NGINX Plus through its API, versions 6 to 9 (R22 and later); `api write=on` is needed to change anything.
package struct NginxPlusDriver: BalancerDriver {
    /// The upstream whose servers are kept.
    package struct Target: Equatable, Sendable {
        /// The URL up to and including `/api`.
        package var endpoint: HTTPEndpoint
        package var version = 9
        package var upstream: String
        /// Of `stream` in place of `http`.
        package var isStream = false

        /// Nil for a version that is not spoken, or a name that no upstream can have.
        package init?(_ endpoint: HTTPEndpoint, upstream: String, version: Int = 9, isStream: Bool = false) {
            let isName = !upstream.isEmpty && upstream.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            guard (6...9).contains(version), isName else { return nil }
            self.endpoint = endpoint
            self.version = version
            self.upstream = upstream
            self.isStream = isStream
        }
    }

    package let traits: BalancerTraits
    private let target: Target
    private let caller: HTTPCaller
    /// The path of the upstream.
    private let path: String

    /// The parameters of a server that are passed on.
    private static let httpWords = ["fail_timeout", "max_conns", "max_fails", "route", "slow_start"]
    private static let streamWords = ["fail_timeout", "max_conns", "max_fails", "slow_start"]

    package init(_ target: Target) {
        self.target = target
        traits = BalancerTraits(
            identity: .address, live: [.weight, .words, .state], parks: false, drains: !target.isStream,
            drainsLeaving: !target.isStream)
        caller = HTTPCaller(target.endpoint, subject: "nginx-plus \(target.endpoint.name) \(target.upstream)")
        let name = PercentEncoding.encoded(target.upstream.utf8)
        path = "/\(target.version)/\(target.isStream ? "stream" : "http")/upstreams/\(name)"
    }

    package var subject: String { caller.subject }

    package func check(_ servers: [DesiredServer]) throws(ApplierError) {
        let known = target.isStream ? Self.streamWords : Self.httpWords
        for server in servers {
            if server.weight == 0 { throw unsupported(server, "nginx's weights are from 1 to 65535") }
            for word in server.words where !known.contains(word.name) {
                let near = Suggestion.nearest(to: word.name, among: known).map { ", did you mean \"\($0)\"?" } ?? ""
                throw unsupported(server, "nginx knows no \"\(word.name)\"\(near)")
            }
        }
    }

    package mutating func read(_ patience: Patience) throws(ApplierError) -> [RunningServer] {
        let list: JSONValue
        do throws(ApplierError) {
            list = try caller.read("\(path)/servers", patience).value
        } catch {
            if case .status(_, 404, _) = error.kind { throw caller.error(.unknownBackend(suggestion: nil)) }
            throw error
        }
        guard let items = list.elements else { throw malformed("\(path)/servers", "not a list") }
        let states = try peerStates(patience)
        var servers: [RunningServer] = []
        // An entry with a parent was made by nginx for an address of a host name: it comes and goes with the entry of the name.
        for item in items where item["parent"] == nil { servers.append(try server(item, states)) }
        return servers
    }

    package mutating func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport {
        try StepReport.performing(steps) { step throws(ApplierError) in
            switch step {
            case .add(let server):
                _ = try caller.call(.post, "\(path)/servers", body: body(server).encoded, patience)
            case .change(let running, let server, let fields):
                try change(running, to: server, fields, patience)
            case .drain(let running):
                let body = JSONValue.object([.init("drain", .bool(true))])
                _ = try caller.call(.patch, "\(path)/servers/\(running.handle)", body: body.encoded, patience)
            case .remove(let running), .disconnect(let running), .park(let running):
                _ = try caller.call(.delete, "\(path)/servers/\(running.handle)", patience)
            }
        }
    }
}

extension NginxPlusDriver {
    /// The state of each server by its number, as health checks and failed requests make it.
    private func peerStates(_ patience: Patience) throws(ApplierError) -> [Int: String] {
        let upstream = try caller.read(path, patience).value
        guard let peers = upstream["peers"]?.elements else { throw malformed(path, "no list of peers") }
        var states: [Int: String] = [:]
        for peer in peers {
            if let id = peer["id"]?.integer, let state = peer["state"]?.string { states[id] = state }
        }
        return states
    }

    private func server(_ item: JSONValue, _ states: [Int: String]) throws(ApplierError) -> RunningServer {
        guard let id = item["id"]?.integer, id >= 0, let text = item["server"]?.string else {
            throw malformed("\(path)/servers", "a server without id or server")
        }
        var server = RunningServer(key: ServerAddress(text)?.text ?? text, handle: String(id))
        server.weight = item["weight"]?.integer
        server.isBackup = item["backup"]?.bool
        let isDown = item["down"]?.bool ?? false
        let isDrained = item["drain"]?.bool ?? (states[id] == "draining")
        server.phase = isDown ? .stopped : isDrained ? .draining : .serving
        server.isUp = server.phase == .serving && states[id].map { $0 == "up" } ?? true
        var words: [String: String] = [:]
        for name in target.isStream ? Self.streamWords : Self.httpWords { words[name] = item[name]?.scalarText }
        server.words = .values(words)
        return server
    }

    private func change(
        _ running: RunningServer, to server: DesiredServer, _ fields: [ServerField], _ patience: Patience
    ) throws(ApplierError) {
        var members: [JSONValue.Member] = []
        for field in fields {
            switch field {
            case .weight:
                members.append(.init("weight", .number(text: "\(server.weight)", value: Double(server.weight))))
            case .words: members += server.words.map { .init($0.name, $0.value.json) }
            case .state:
                members.append(.init("down", .bool(false)))
                if traits.drains { members.append(.init("drain", .bool(server.isDrained))) }
            // The traits say that they are not changed in place.
            case .address, .backup, .checks: break
            }
        }
        let body = JSONValue.object(members)
        _ = try caller.call(.patch, "\(path)/servers/\(running.handle)", body: body.encoded, patience)
    }

    private func body(_ server: DesiredServer) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("server", .string(server.address.text)),
            .init("weight", .number(text: "\(server.weight)", value: Double(server.weight))),
            .init("backup", .bool(server.isBackup)),
        ]
        if server.isDrained { members.append(.init("drain", .bool(true))) }
        members += server.words.map { .init($0.name, $0.value.json) }
        return .object(members)
    }

    private func malformed(_ path: String, _ why: String) -> ApplierError {
        caller.error(.malformed("GET \(path)", why))
    }

    private func unsupported(_ server: DesiredServer, _ why: String) -> ApplierError {
        caller.error(.unsupported(server: server.id, why))
    }
}
