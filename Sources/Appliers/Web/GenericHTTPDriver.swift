import HTTP

/// Any administration API that lists servers as JSON and adds, changes and removes them one by one.
package struct GenericHTTPDriver: BalancerDriver {
    package let traits: BalancerTraits
    private let target: GenericHTTPTarget
    private let caller: HTTPCaller

    package init(_ target: GenericHTTPTarget) {
        self.target = target
        let canChange = target.change != nil
        traits = BalancerTraits(
            identity: target.identity, live: canChange ? [.weight, .state] : [], parks: false,
            drains: canChange && target.pointers.drain != nil, drainsLeaving: false)
        caller = HTTPCaller(target.endpoint, subject: "http \(target.endpoint.name) \(target.name)")
    }

    package var subject: String { caller.subject }

    package func check(_ servers: [DesiredServer]) throws(ApplierError) {
        for server in servers where !server.words.isEmpty {
            let why = "the http driver has no \"\(server.words[0].name)\""
            throw caller.error(.unsupported(server: server.id, why))
        }
    }

    package mutating func read(_ patience: Patience) throws(ApplierError) -> [RunningServer] {
        let response = try call(target.list, [:], patience)
        let value: JSONValue
        do throws(JSONTreeError) {
            value = try JSONValue(parsing: response.body)
        } catch {
            throw malformed(error.message)
        }
        guard let items = target.items.find(in: value)?.elements else {
            throw malformed("no list at \"\(target.items.text)\"")
        }
        var servers: [RunningServer] = []
        for (index, item) in items.enumerated() { servers.append(try server(item, index)) }
        return servers
    }

    package mutating func perform(_ steps: [Step], _ patience: Patience) throws(ApplierError) -> StepReport {
        try StepReport.performing(inOrder(steps)) { step throws(ApplierError) in
            switch step {
            case .add(let server): _ = try call(target.add, fields(of: server), patience)
            case .change(let running, let server, _):
                guard let change = target.change else { return }
                _ = try call(change, fields(of: server).merging(fields(of: running)) { _, own in own }, patience)
            case .drain(let running), .park(let running), .remove(let running), .disconnect(let running):
                _ = try call(target.remove, fields(of: running), patience)
            }
        }
    }

    /// Without handles of their own servers are named by their index in the list: the last ones are removed first, so that no
    /// index shifts before it is used.
    private func inOrder(_ steps: [Step]) -> [Step] {
        guard target.pointers.handle == nil else { return steps }
        let removals = steps.filter(\.isRemoval).sorted { Self.place($0) > Self.place($1) }
        return steps.filter { !$0.isRemoval } + removals
    }

    private static func place(_ step: Step) -> Int {
        guard case .remove(let running) = step else { return 0 }
        return Int(running.handle) ?? 0
    }
}

extension GenericHTTPDriver {
    private func server(_ item: JSONValue, _ index: Int) throws(ApplierError) -> RunningServer {
        guard let match = target.pointers.match.find(in: item)?.scalarText else {
            throw malformed("a server without \"\(target.pointers.match.text)\"")
        }
        let key =
            switch target.identity {
            case .id: match
            case .address: ServerAddress(match)?.text ?? match
            }
        var handle = String(index)
        if let pointer = target.pointers.handle {
            guard let text = pointer.find(in: item)?.scalarText else {
                throw malformed("a server without \"\(pointer.text)\"")
            }
            handle = text
        }
        var server = RunningServer(key: key, handle: handle)
        server.weight = target.pointers.weight.flatMap { $0.find(in: item)?.integer }
        if let pointer = target.pointers.drain, pointer.find(in: item)?.bool == true { server.phase = .draining }
        server.isUp = server.phase == .serving && server.weight != 0
        return server
    }

    private func fields(of server: DesiredServer) -> [RequestTemplate.Field: String] {
        var fields: [RequestTemplate.Field: String] = [
            .id: server.id, .weight: String(server.weight), .drain: server.isDrained ? "true" : "false",
            .backup: server.isBackup ? "true" : "false",
        ]
        fields.merge(self.fields(of: server.address)) { _, new in new }
        return fields
    }

    private func fields(of server: RunningServer) -> [RequestTemplate.Field: String] {
        var fields: [RequestTemplate.Field: String] = [.handle: server.handle]
        switch target.identity {
        case .id: fields[.id] = server.key
        case .address:
            fields[.address] = server.key
            if let address = ServerAddress(server.key) { fields.merge(self.fields(of: address)) { _, new in new } }
        }
        return fields
    }

    private func fields(of address: ServerAddress) -> [RequestTemplate.Field: String] {
        switch address {
        case .internet(let host, let port): [.address: address.text, .host: host, .port: String(port)]
        case .unix: [.address: address.text]
        }
    }

    private func call(
        _ template: RequestTemplate, _ values: [RequestTemplate.Field: String], _ patience: Patience
    ) throws(ApplierError) -> Response {
        try caller.call(
            template.method, template.path(values), body: template.body(values), expecting: template.expectStatus,
            patience)
    }

    private func malformed(_ why: String) -> ApplierError {
        caller.error(.malformed("\(target.list.method.name) \(target.list.path([:]))", why))
    }
}
