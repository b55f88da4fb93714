import Appliers
import Checks
import Diagnostics
import HTTP
import TOML

extension ResourceParser {
    /// The `[template.apply]` of a resource; what is wrong is noted in `template`. `hasReload` tells whether there is
    /// another reload, which can stand in for it.
    func apply(_ template: inout TableReader, hasReload: Bool) -> ApplyDefinition? {
        guard let value = template.value("apply", .table) else { return nil }
        guard case .table(let table) = value.kind else {
            return template.refuse("apply", .notTable(value.kind.type))
        }
        var reader = ApplyReader(TableReader(table, file: template.file, at: value.position))
        let definition = reader.read(hasReload: hasReload)
        template.add(reader.table.errors)
        // A misspelled field would change how a running balancer is treated.
        if reader.knowsDriver { template.add(reader.table.unknownKeys(in: "[template.apply]")) }
        refuseOtherReloads(&template, fallsBack: reader.fallsBack)
        return reader.table.errors.isEmpty ? definition : nil
    }

    private func refuseOtherReloads(_ template: inout TableReader, fallsBack: Bool) {
        for key in ["reload_cmd", "reload_signal", "reload"] where !fallsBack && template.value(key) != nil {
            template.note(key, .apply(.reloadWithoutFallback))
        }
        if case .boolean(true)? = template.value("rollback")?.kind { template.note("rollback", .apply(.noRollback)) }
    }
}

/// Reads the fields of `[template.apply]`.
struct ApplyReader {
    var table: TableReader
    /// Whether the fields of the driver were looked at.
    private(set) var knowsDriver = false
    private(set) var fallsBack = false

    private static let shortestReconcile = Duration.milliseconds(100)
    private static let shortestTimeout = Duration.milliseconds(10)

    init(_ table: TableReader) { self.table = table }

    /// nil if anything is wrong, which is noted in `table`.
    mutating func read(hasReload: Bool) -> ApplyDefinition? {
        let target = target()
        let plan = plan()
        let reconcile = duration("reconcile", atLeast: Self.shortestReconcile)
        let timeout = duration("timeout", atLeast: Self.shortestTimeout)
        fallsBack = table.flag("fallback") ?? false
        if fallsBack, !hasReload { table.note("fallback", .apply(.fallbackWithoutReload)) }
        guard let target else { return nil }
        var definition = ApplyDefinition(target)
        definition.plan = plan
        definition.reconcile = reconcile ?? definition.reconcile
        definition.timeout = timeout ?? definition.timeout
        definition.fallsBack = fallsBack
        return definition
    }

    private mutating func plan() -> PlanOptions {
        var plan = PlanOptions()
        if let drain = table.duration("drain") { plan.drain = drain }
        if let maxDrain = table.duration("max_drain") { plan.maxDrain = maxDrain }
        if let number = table.integer("min_up") {
            if (0...Int64(DesiredServers.serverLimit)).contains(number) {
                plan.minUp = Int(number)
            } else {
                table.note("min_up", .apply(.notMinUp(number)))
            }
        }
        return plan
    }

    private mutating func duration(_ key: String, atLeast least: Duration) -> Duration? {
        guard let duration = table.duration(key) else { return nil }
        return duration < least ? table.refuse(key, .apply(.shorterThan(least))) : duration
    }

    private mutating func target() -> BalancerTarget? {
        guard let name = requiredText("driver") else { return nil }
        guard let driver = ApplyDefinition.Driver(rawValue: name) else {
            let all = ApplyDefinition.Driver.allCases.map(\.rawValue)
            return table.refuse(
                "driver", .notAmong(name, all, suggestion: Suggestion.nearest(to: name, among: all)))
        }
        knowsDriver = true
        switch driver {
        case .haproxy: return haproxy()
        case .nginxPlus: return nginxPlus()
        case .caddy: return caddy()
        case .http: return http()
        }
    }

    // MARK: - Drivers

    private mutating func haproxy() -> BalancerTarget? {
        let socket = place("socket", of: .haproxy)
        let backend = requiredText("backend")
        guard let socket, let backend else { return nil }
        guard socket.hasPrefix("/"), socket.utf8.count <= 107 else {
            return table.refuse("socket", .apply(.notSocketPath(socket)))
        }
        guard let target = HaproxyDriver.Target(socket: socket, backend: backend) else {
            return table.refuse("backend", .apply(.notBackend(backend)))
        }
        return .haproxy(target)
    }

    private mutating func nginxPlus() -> BalancerTarget? {
        let endpoint = endpoint(.nginxPlus)
        let backend = requiredText("backend")
        let version = table.integer("api_version") ?? 9
        if !(6...9).contains(version) { table.note("api_version", .apply(.notVersion(version))) }
        let isStream = table.flag("stream") ?? false
        guard let endpoint, let backend, (6...9).contains(version) else { return nil }
        guard
            let target = NginxPlusDriver.Target(
                endpoint, upstream: backend, version: Int(version), isStream: isStream)
        else { return table.refuse("backend", .apply(.notBackend(backend))) }
        return .nginxPlus(target)
    }

    private mutating func caddy() -> BalancerTarget? {
        let endpoint = endpoint(.caddy)
        let handler = table.text("handler")
        if handler != nil {
            guard table.value("backend") == nil else { return table.refuse("handler", .apply(.backendAndHandler)) }
        }
        let backend = handler == nil ? requiredText("backend") : nil
        guard let endpoint else { return nil }
        if let handler {
            let target = CaddyDriver.Target(endpoint, configurationPath: handler)
            return target.map { .caddy($0) } ?? table.refuse("handler", .apply(.notHandler(handler)))
        }
        guard let backend else { return nil }
        let target = CaddyDriver.Target(endpoint, id: backend)
        return target.map { .caddy($0) } ?? table.refuse("backend", .apply(.notBackend(backend)))
    }

    // MARK: - Where it is

    /// The value of `needed`, which is `socket` or `url`: exactly one of them may be set.
    mutating func place(_ needed: String, of driver: ApplyDefinition.Driver) -> String? {
        let other = needed == "socket" ? "url" : "socket"
        let text = table.text(needed)
        if table.value(other) != nil {
            let isTwice = table.value(needed) != nil
            table.note(other, .apply(isTwice ? .twoPlaces : .otherPlace(driver: driver.rawValue, needs: needed)))
            return nil
        }
        if table.value(needed) == nil || text == "" { table.note(needed, .apply(.noPlace(needed))) }
        return text == "" ? nil : text
    }

    mutating func endpoint(_ driver: ApplyDefinition.Driver) -> HTTPEndpoint? {
        let url = place("url", of: driver)
        let headers = headers()
        let tokenFile = table.text("token_file")
        let tls = tls(isUsed: url?.hasPrefix("https://") ?? true)
        guard let url else { return nil }
        do throws(HTTPEndpoint.Problem) {
            var endpoint = try HTTPEndpoint(url)
            endpoint.headers = headers
            endpoint.tokenFile = tokenFile
            endpoint.tls = tls
            return endpoint
        } catch {
            return table.refuse("url", .apply(.endpoint(error)))
        }
    }

    private mutating func headers() -> [Header] {
        guard let value = table.value("headers", .table) else { return [] }
        guard case .table(let headers) = value.kind else {
            table.note("headers", at: value.position, .notTable(value.kind.type))
            return []
        }
        // Not through a reader of their own: it would not tell `X-Token` from `x_token`.
        return headers.entries.compactMap { entry in
            guard case .string(let text) = entry.value.kind else {
                table.note(
                    "headers", at: entry.value.position, .wrongType(entry.value.kind.type, wanted: .string, .quotes))
                return nil
            }
            if RequestSyntax.isHeader(entry.key, text) { return Header(entry.key, text) }
            table.note("headers", at: entry.value.position, .apply(.notHeader(entry.key)))
            return nil
        }
    }

    private mutating func tls(isUsed: Bool) -> TLSOptions {
        var options = TLSOptions()
        options.authorityFile = table.text("ca_file")
        options.certificateFile = table.text("client_cert")
        options.keyFile = table.text("client_key")
        options.verifies = table.flag("insecure") != true
        for key in ["ca_file", "client_cert", "client_key", "insecure"] where !isUsed && table.value(key) != nil {
            table.note(key, .apply(.needsHTTPS))
        }
        return options
    }

    /// The text of `key`, which must not be empty.
    mutating func requiredText(_ key: String) -> String? {
        let problems = table.errors.count
        if let text = table.text(key), !text.isEmpty { return text }
        // A wrong type has been noted already.
        if table.errors.count == problems { table.note(key, .required) }
        return nil
    }
}
