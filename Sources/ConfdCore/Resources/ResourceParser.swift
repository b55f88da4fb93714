import Backends
import KeyValue
import Posix
import TOML
import TextTemplate

/// Reads one resource file: bytes → resources, with everything checked that needs no backend.
struct ResourceParser {
    let settings: Settings
    let environment: [String: String]
    let templateFolder: String
    let defaultBackend: BackendConfiguration

    /// What a file gives: its good resources, its errors, its warnings.
    struct Result {
        var resources: [Resource] = []
        var errors: [ResourceError] = []
        var warnings: [ResourceError] = []
    }

    /// The resources of the file at `path`, called `name` below conf.d.
    func parse(_ bytes: [UInt8], path: String, name: String) -> Result {
        var result = Result()
        do {
            try parse(bytes, path: path, name: name, into: &result)
        } catch {
            result.errors.append(error)
        }
        if settings.strict {
            result.errors += result.warnings
            if !result.warnings.isEmpty { result.resources = [] }
            result.warnings = []
        }
        return result
    }

    private func parse(
        _ bytes: [UInt8], path: String, name: String, into result: inout Result
    ) throws(ResourceError) {
        let root: TOMLTable
        do {
            root = try TOMLParser.parse(bytes)
        } catch {
            throw ResourceError(path, error.position, error.message)
        }
        let start = TOMLPosition(line: 1, column: 1)
        var top = TableReader(root, file: path, at: start)
        let templates = try templateTables(&top, path)
        let backend = try backendTable(&top, path, &result) ?? defaultBackend
        result.warnings += top.unknownKeys(in: "the file")
        for (number, (table, position)) in templates.enumerated() {
            let name = number == 0 ? name : "\(name)#\(number + 1)"
            var reader = TableReader(table, file: path, at: position)
            do {
                result.resources.append(try resource(&reader, bytes: bytes, name: name, backend: backend))
                result.warnings += reader.unknownKeys(in: "[template]")
            } catch {
                result.errors.append(error)
            }
        }
    }

    /// `[template]` is one table, `[[template]]` any number of them.
    private func templateTables(
        _ top: inout TableReader, _ path: String
    ) throws(ResourceError) -> [(TOMLTable, TOMLPosition)] {
        guard let value = top.value("template") else {
            throw ResourceError(path, nil, "there is no [template] table")
        }
        switch value.kind {
        case .table(let table): return [(table, value.position)]
        case .array(let elements):
            var tables: [(TOMLTable, TOMLPosition)] = []
            for element in elements {
                guard case .table(let table) = element.kind else {
                    throw ResourceError(path, element.position, "template: \(element.kind.typeName) is not a table")
                }
                tables.append((table, element.position))
            }
            return tables
        default:
            throw ResourceError(path, value.position, "template: \(value.kind.typeName) is not a table")
        }
    }

    private func backendTable(
        _ top: inout TableReader, _ path: String, _ result: inout Result
    ) throws(ResourceError) -> BackendConfiguration? {
        guard let value = top.value("backend") else { return nil }
        guard case .table(let table) = value.kind else {
            throw ResourceError(path, value.position, "backend: \(value.kind.typeName) is not a table")
        }
        var reader = TableReader(table, file: path, at: value.position)
        let configuration = try BackendConfiguration(&reader)
        result.warnings += reader.unknownKeys(in: "[backend]")
        return configuration
    }

    private func resource(
        _ table: inout TableReader, bytes: [UInt8], name: String, backend: BackendConfiguration
    ) throws(ResourceError) -> Resource {
        let source = try self.source(&table)
        let destination = try requiredText("dest", &table)
        let ownPrefix = try expandedText("prefix", &table) ?? "/"
        let prefix = Path.join([slash, Array((settings.prefix ?? ownPrefix).utf8)])
        let attributes = FileAttributes(mode: try mode(&table, bytes), uid: try user(&table), gid: try group(&table))
        _ = table.value("output_format")  // The fork's; without effect here.
        return Resource(
            name: name, file: table.file, source: source, destination: destination, prefix: prefix,
            ranges: try ranges(&table, prefix: prefix, of: backend), attributes: attributes,
            checkCommand: try command("check_cmd", &table), reloadCommand: try command("reload_cmd", &table),
            checkTimeout: try table.duration("check_cmd_timeout") ?? settings.checkTimeout,
            reloadTimeout: try table.duration("reload_cmd_timeout") ?? settings.reloadTimeout,
            makeDirectories: try table.flag("make_dirs") ?? false, backup: try table.flag("backup") ?? false,
            leftDelimiter: try delimiter("left_delimiter", "{{", &table),
            rightDelimiter: try delimiter("right_delimiter", "}}", &table), backend: backend,
            policy: try policy(&table),
            reloadSignal: try signal(&table), rollback: try table.flag("rollback") ?? false)
    }

    private var slash: [UInt8] { [UInt8(ascii: "/")] }

    /// When it is rendered and reloaded: the resource's own times before the global ones.
    private func policy(_ table: inout TableReader) throws(ResourceError) -> Scheduler.Policy {
        var policy = Scheduler.Policy()
        let debounce = try table.duration("debounce")
        let maxWait = try table.duration("max_wait")
        policy.debounce = debounce ?? settings.debounce
        policy.maxWait = maxWait ?? (debounce == nil ? settings.maxWait : nil) ?? policy.debounce * 4
        policy.minReloadInterval = try table.duration("min_reload_interval") ?? .zero
        policy.splay = settings.splay
        return policy
    }

    /// A signal for the supervised command. Where there is none, `reload_cmd` is what remains.
    private func signal(_ table: inout TableReader) throws(ResourceError) -> Signal? {
        guard let text = try table.text("reload_signal"), !text.isEmpty else { return nil }
        guard let signal = Signal(named: text) else {
            let near = Suggestion.nearest(to: text, among: Signal.allNames + Signal.allNames.map { "SIG" + $0 })
            throw table.invalid(
                "reload_signal", "\"\(text)\" is not a signal", hint: near.map { "did you mean \"\($0)\"?" })
        }
        return settings.command.isEmpty ? nil : signal
    }

    private func expandedText(_ key: String, _ table: inout TableReader) throws(ResourceError) -> String? {
        guard let text = try table.text(key) else { return nil }
        do {
            return try VariableExpansion.expand(text, environment)
        } catch {
            throw table.invalid(key, error.message, hint: error.hint)
        }
    }

    private func requiredText(_ key: String, _ table: inout TableReader) throws(ResourceError) -> String {
        guard let text = try expandedText(key, &table), !text.isEmpty else {
            throw table.invalid(key, "is required and must not be empty")
        }
        return text
    }

    /// The template's path, which must be a file now: a missing one is an error of this resource alone.
    private func source(_ table: inout TableReader) throws(ResourceError) -> String {
        let text = try requiredText("src", &table)
        let path = text.hasPrefix("/") ? text : "\(templateFolder)/\(text)"
        guard Files.exists(path) else {
            throw table.invalid("src", "Missing template: \(path)")
        }
        return path
    }

    private func ranges(
        _ table: inout TableReader, prefix: [UInt8], of backend: BackendConfiguration
    ) throws(ResourceError) -> [KeyRange] {
        var ranges: [KeyRange] = []
        for (text, position) in try table.texts("keys") ?? [] {
            let key: String
            do {
                key = try VariableExpansion.expand(text, environment)
            } catch {
                throw ResourceError(table.file, position, "keys: \(error.message)", hint: error.hint)
            }
            var bytes = Array(key.utf8)
            // `/app/*` was the way to write a prefix for older backends; nothing else in keys is a pattern.
            if bytes.suffix(2) == [UInt8(ascii: "/"), UInt8(ascii: "*")] { bytes.removeLast(2) }
            let path = Path.join([prefix, bytes])
            let range = KeyRange(cleaned: backend.kind == .env ? EnvironmentBackend.key(of: path) : path)
            if !ranges.contains(range) { ranges.append(range) }
        }
        return ranges
    }

    private func mode(_ table: inout TableReader, _ bytes: [UInt8]) throws(ResourceError) -> UInt16? {
        guard let value = table.value("mode") else { return nil }
        let mode: UInt16?
        switch value.kind {
        case .integer(let number): mode = FileMode.parse(number, writtenAt: value.position, in: bytes)
        default:
            guard let text = try expandedText("mode", &table), !text.isEmpty else { return nil }
            mode = FileMode.parse(text)
        }
        guard let mode else {
            throw table.invalid("mode", "not a file mode", hint: "write octal digits as text, for example \"0644\"")
        }
        return mode
    }

    private func user(_ table: inout TableReader) throws(ResourceError) -> UInt32? {
        try identity("uid", name: "owner", &table) { (name) throws(SystemError) in try Users.uid(of: name) }
    }

    private func group(_ table: inout TableReader) throws(ResourceError) -> UInt32? {
        try identity("gid", name: "group", &table) { (name) throws(SystemError) in try Users.gid(of: name) }
    }

    /// The number of a user or group: by number (confd's `uid`, where -1 is unset), or by name.
    private func identity(
        _ numberKey: String, name nameKey: String, _ table: inout TableReader,
        find: (String) throws(SystemError) -> UInt32?
    ) throws(ResourceError) -> UInt32? {
        let number = try table.integer(numberKey)
        let name = try expandedText(nameKey, &table)
        if let number, number != -1 {
            guard let id = UInt32(exactly: number) else { throw table.invalid(numberKey, "\(number) is not an id") }
            return id
        }
        guard let name, !name.isEmpty else { return nil }
        if let id = UInt32(name) { return id }
        let found: UInt32?
        do {
            found = try find(name)
        } catch {
            throw table.invalid(nameKey, error.message)
        }
        guard let found else {
            throw table.invalid(nameKey, "there is no \(nameKey == "owner" ? "user" : "group") \"\(name)\"")
        }
        return found
    }

    private func command(_ key: String, _ table: inout TableReader) throws(ResourceError) -> CommandTemplate? {
        guard let text = try table.text(key), !text.isEmpty else { return nil }
        do {
            return try CommandTemplate(text, field: key)
        } catch {
            throw table.invalid(
                key, error.message.text, hint: "the fields are {{.src}}, the staged file, and {{.dest}}, the target")
        }
    }

    private func delimiter(
        _ key: String, _ standard: String, _ table: inout TableReader
    ) throws(ResourceError) -> String {
        guard let text = try table.text(key), !text.isEmpty else { return standard }
        return text
    }
}
