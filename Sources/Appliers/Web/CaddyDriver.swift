import HTTP
import Primitives

/// Caddy through its administration API: the upstreams of one `reverse_proxy` handler.
///
/// Caddy loads its whole configuration anew at each change, without losing requests, so all steps are one request. It knows
/// neither weights nor backups of upstreams, and drains what is taken out.
package struct CaddyDriver: BalancerDriver {
    /// The handler whose upstreams are kept.
    package struct Target: Equatable, Sendable {
        package let endpoint: HTTPEndpoint
        /// The path of the handler in the API.
        package let path: String

        /// The handler that has `"@id": id`; nil for an id that cannot be in a path.
        package init?(_ endpoint: HTTPEndpoint, id: String) {
            guard !id.isEmpty, !id.contains("/") else { return nil }
            self.endpoint = endpoint
            path = "/id/\(PercentEncoding.encoded(id.utf8))"
        }

        /// The handler at a path of the configuration, such as `apps/http/servers/srv0/routes/0/handle/0`; nil for text
        /// that is no path.
        package init?(_ endpoint: HTTPEndpoint, configurationPath: String) {
            let parts = configurationPath.split(separator: "/")
            guard !parts.isEmpty else { return nil }
            self.endpoint = endpoint
            path = "/config/" + parts.map { PercentEncoding.encoded($0.utf8) }.joined(separator: "/")
        }
    }

    package let traits = BalancerTraits(
        identity: .address, live: [.words], parks: false, drains: false, drainsLeaving: false)
    private let target: Target
    private let caller: HTTPCaller
    /// The upstreams as they were read last; nil if the handler has no such member.
    private var upstreams: [JSONValue]?
    /// The ETag of the last read: Caddy refuses the change (If-Match) if somebody else has changed the handler since.
    private var tag: String?

    package init(_ target: Target) {
        self.target = target
        caller = HTTPCaller(target.endpoint, subject: "caddy \(target.endpoint.name)\(target.path)")
    }

    package var subject: String { caller.subject }

    package func check(_ servers: [DesiredServer]) throws(ApplierError) {
        for server in servers {
            if server.weight != 1 { throw unsupported(server, "Caddy's upstreams have no weights") }
            if server.isBackup { throw unsupported(server, "Caddy's upstreams are no backups") }
            if server.word("dial") != nil { throw unsupported(server, "\"dial\" is the address") }
        }
    }

    package mutating func read(_ patience: Patience) throws(ApplierError) -> [RunningServer] {
        let answer: (value: JSONValue, tag: String?)
        do throws(ApplierError) {
            answer = try caller.read(target.path, patience)
        } catch {
            if case .status(_, 404, _) = error.kind { throw caller.error(.unknownBackend(suggestion: nil)) }
            throw error
        }
        guard answer.value["handler"]?.string == "reverse_proxy" else {
            throw malformed("no reverse_proxy handler")
        }
        tag = answer.tag
        guard let list = answer.value["upstreams"], list != .null else {
            upstreams = nil
            return []
        }
        guard let items = list.elements else { throw malformed("upstreams are no list") }
        upstreams = items
        var servers: [RunningServer] = []
        for (index, item) in items.enumerated() { servers.append(try server(item, index)) }
        return servers
    }

    package mutating func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport {
        var items = (upstreams ?? []).map(Optional.some)
        var added: [JSONValue] = []
        for step in steps {
            switch step {
            case .add(let server):
                added.append(.object([.init("dial", .string(Self.dial(server.address)))] + words(server)))
            case .change(let running, let server, _):
                if let index = Int(running.handle), let item = items[index] { items[index] = changed(item, server) }
            case .remove(let running), .disconnect(let running), .park(let running), .drain(let running):
                if let index = Int(running.handle) { items[index] = nil }
            }
        }
        let list = JSONValue.array(items.compactMap { $0 } + added)
        let headers = tag.map { [Header("If-Match", $0)] } ?? []
        // PATCH replaces what is there, PUT creates what is not.
        _ = try caller.call(
            upstreams == nil ? .put : .patch, "\(target.path)/upstreams", body: list.encoded, headers: headers, patience
        )
        return StepReport()
    }
}

extension CaddyDriver {
    private func server(_ item: JSONValue, _ index: Int) throws(ApplierError) -> RunningServer {
        guard let dial = item["dial"]?.string else { throw malformed("an upstream without dial") }
        var server = RunningServer(key: Self.address(dial)?.text ?? dial, handle: String(index))
        var words: [String: String] = [:]
        if case .object(let members) = item { for member in members { words[member.key] = member.value.scalarText } }
        server.words = .values(words)
        return server
    }

    /// `item` with the words of `server`; its other members stay.
    private func changed(_ item: JSONValue, _ server: DesiredServer) -> JSONValue {
        guard case .object(let members) = item else { return item }
        return .object(members.filter { server.word($0.key) == nil } + words(server))
    }

    private func words(_ server: DesiredServer) -> [JSONValue.Member] {
        server.words.map { .init($0.name, $0.value.json) }
    }

    /// Caddy's network addresses: `HOST:PORT` and `unix//PATH`.
    static func dial(_ address: ServerAddress) -> String {
        switch address {
        case .internet: address.text
        case .unix(let path): "unix/\(path)"
        }
    }

    static func address(_ dial: String) -> ServerAddress? {
        if dial.hasPrefix("unix//") { return ServerAddress("unix:\(dial.dropFirst("unix/".count))") }
        return ServerAddress(dial.hasPrefix("tcp/") ? String(dial.dropFirst("tcp/".count)) : dial)
    }

    private func malformed(_ why: String) -> ApplierError { caller.error(.malformed("GET \(target.path)", why)) }

    private func unsupported(_ server: DesiredServer, _ why: String) -> ApplierError {
        caller.error(.unsupported(server: server.id, why))
    }
}
