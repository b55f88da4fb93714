import Checks
import Diagnostics
import Posix
import TOML

/// Reads the fields of a health check, which `[[template.health_check]]` and `[[service.health_check]]` share.
struct HealthCheckReader {
    /// Whose servers are checked: decides the state before the first verdict.
    enum Side {
        /// Servers that others run: they count as up until the first probe, which decides alone.
        case balancer
        /// A service of this machine: it is down until `rise` probes have succeeded.
        case service
    }

    static let types = ["http", "tcp", "tls", "grpc", "mysql", "ajp", "fastcgi", "exec"]

    private let side: Side
    private var table: TableReader

    /// The check that `table` holds; what is wrong is noted in it, and then the result is nil.
    static func read(_ table: inout TableReader, _ side: Side) -> HealthCheck? {
        let problems = table.errors.count
        var reader = HealthCheckReader(side: side, table: table)
        let check = reader.check()
        table = reader.table
        return table.errors.count == problems ? check : nil
    }

    private mutating func check() -> HealthCheck? {
        // The options are looked at in any case, so that all errors of a table are found.
        let options = options()
        guard let kind = kind(), let options else { return nil }
        return made { () throws(HealthCheckError) in try HealthCheck(kind, options) }
    }

    // MARK: - When

    private mutating func options() -> HealthCheck.Options? {
        var options = HealthCheck.Options()
        options.firstProbeDecides = side == .balancer
        options.initial = side == .balancer ? .up : .down
        if let interval = table.duration("interval") { options.interval = interval }
        let timeout = table.duration("timeout")
        options.timeout = timeout ?? min(options.timeout, options.interval)
        if options.interval < options.timeout {
            table.note("interval", .intervalBelowTimeout(options.interval, timeout: options.timeout))
        }
        if let rise = count("rise") { options.rise = rise }
        if let fall = count("fall") { options.fall = fall }
        if let port = table.integer("port") {
            options.port = UInt16(exactly: port)
            if options.port == nil || port == 0 { table.note("port", .notPort(port)) }
        }
        if let initial = choice("initial", ["up", "down"]) { options.initial = initial == "up" ? .up : .down }
        if let slowStart = table.duration("slow_start") { options.slowStart = slowStart }
        if let jitter = table.duration("jitter") { options.jitter = jitter }
        options.allow = networks()
        return options
    }

    private mutating func count(_ key: String) -> Int? {
        guard let number = table.integer(key) else { return nil }
        guard let count = Int(exactly: number), (1...1_000).contains(count) else {
            return table.refuse(key, .notCount(number))
        }
        return count
    }

    private mutating func networks() -> [AddressRange] {
        var networks: [AddressRange] = []
        for (text, position) in table.texts("allow") ?? [] {
            if let range = AddressRange(text) {
                networks.append(range)
            } else {
                table.note("allow", at: position, .notAddressRange(text))
            }
        }
        return networks
    }

    private mutating func choice(_ key: String, _ choices: [String]) -> String? {
        table.limit(key, to: choices)
        guard let text = table.text(key) else { return nil }
        if choices.contains(text) { return text }
        return table.refuse(key, .notAmong(text, choices, suggestion: Suggestion.nearest(to: text, among: choices)))
    }

    // MARK: - What

    private mutating func kind() -> HealthCheck.Kind? {
        table.limit("type", to: Self.types + ["ssl_hello"])
        guard table.value("type") != nil else {
            table.note("type", .requiredChoice(Self.types))
            table.acceptAllKeys()
            return nil
        }
        guard let type = table.text("type") else {
            table.acceptAllKeys()
            return nil
        }
        switch type {
        case "http": return http()
        case "tcp": return .tcp(TCPCheck(send: escaped("send") ?? [], expect: escaped("expect") ?? []))
        // The name that people know from haproxy.
        case "tls", "ssl_hello": return tls().map { .tls($0) }
        case "grpc": return grpc()
        case "mysql": return mysql()
        case "ajp": return .ajp
        case "fastcgi": return fastCGI()
        case "exec": return exec()
        case "https":
            _ = http()
            table.note("type", .checkOverTLS)
            return nil
        default:
            let near = Suggestion.nearest(to: type, among: Self.types)
            table.note("type", .notAmong(type, Self.types, suggestion: near))
            table.acceptAllKeys()
            return nil
        }
    }

    private mutating func http() -> HealthCheck.Kind? {
        let usesTLS = table.flag("tls") ?? false
        let path = table.text("path") ?? "/"
        let method = table.text("method") ?? "GET"
        let host = table.text("host")
        let headers = headers()
        let status = table.statuses() ?? .standard
        let body = table.text("expect_body").map { Array($0.utf8) }
        let settings = usesTLS ? tls() : nil
        if !usesTLS { refuseTLSFields() }
        return made { () throws(HealthCheckError) in
            .http(
                try HTTPCheck(
                    method: method, path: path, host: host, headers: headers, tls: settings, expectedStatus: status,
                    expectedBody: body))
        }
    }

    private mutating func grpc() -> HealthCheck.Kind? {
        let usesTLS = table.flag("tls") ?? false
        let host = table.text("host")
        let settings = usesTLS ? tls() : nil
        if !usesTLS { refuseTLSFields() }
        return made { () throws(HealthCheckError) in .grpc(try GRPCCheck(host: host, tls: settings)) }
    }

    private mutating func mysql() -> HealthCheck.Kind? {
        let user = table.text("user")
        if user == nil { table.warn("type", .mysqlWithoutUser) }
        return made { () throws(HealthCheckError) in .mysql(try MySQLCheck(user: user)) }
    }

    private mutating func fastCGI() -> HealthCheck.Kind? {
        let path = table.text("path") ?? "/"
        let status = table.statuses() ?? .standard
        let body = table.text("expect_body").map { Array($0.utf8) }
        return made { () throws(HealthCheckError) in
            .fastcgi(try FastCGICheck(path: path, expectedStatus: status, expectedBody: body))
        }
    }

    private mutating func exec() -> HealthCheck.Kind? {
        guard table.value("command") != nil else {
            table.note("command", .required)
            return nil
        }
        guard let words = table.texts("command") else { return nil }
        return made { () throws(HealthCheckError) in .exec(try ExecCheck(command: words.map(\.text))) }
    }

    /// The fields of TLS; the files must be there now.
    private mutating func tls() -> TLSSettings? {
        let authority = file("ca_file")
        let certificate = file("client_cert")
        let key = file("client_key")
        let name = table.text("server_name")
        let isInsecure = table.flag("insecure") ?? false
        return made { () throws(HealthCheckError) in
            try TLSSettings(
                authorityFile: authority, serverName: name, isInsecure: isInsecure, certificateFile: certificate,
                keyFile: key)
        }
    }

    private mutating func file(_ key: String) -> String? {
        guard let path = table.text(key) else { return nil }
        do {
            _ = try Files.read(path, limit: FileLimit.settings)
        } catch {
            table.note(key, .unreadable(error))
        }
        return path
    }

    /// Without `tls = true` they would have no effect, and the probe would be weaker than it looks.
    private mutating func refuseTLSFields() {
        for key in ["ca_file", "client_cert", "client_key", "server_name", "insecure"] where table.value(key) != nil {
            table.note(key, .needsTLS)
        }
    }

    private mutating func headers() -> [HTTPCheck.Header] {
        table.headers().map { HTTPCheck.Header($0.name, $0.value) }
    }

    private mutating func escaped(_ key: String) -> [UInt8]? {
        guard let text = table.text(key) else { return nil }
        do throws(EscapeError) {
            return try EscapedBytes.parse(text)
        } catch {
            return table.refuse(key, .badEscape(error))
        }
    }

    /// The result of `body`; nil if it throws, which is noted at the field that the error is about.
    private mutating func made<Value>(_ body: () throws(HealthCheckError) -> Value) -> Value? {
        do throws(HealthCheckError) {
            return try body()
        } catch {
            table.note(error.field, .check(error))
            return nil
        }
    }
}
