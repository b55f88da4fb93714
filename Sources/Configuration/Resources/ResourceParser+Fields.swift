import Backends
import Diagnostics
import KeyValue
import Posix
import Staging
import TOML

extension ResourceParser {
    /// A `[template]` as far as it could be parsed.
    struct Reading {
        /// nil if anything is wrong with it.
        let complete: Resource?
        /// The template's path; the file need not exist.
        let source: String?
        let destination: String?
        let left: String
        let right: String
    }

    /// Reads all fields; errors are noted in `table`.
    func resource(
        _ table: inout TableReader, bytes: [UInt8], name: String, layers: [BackendLayer]
    ) -> Reading {
        let source = source(&table)
        let destination = requiredText("dest", &table)
        let ownPrefix = expandedText("prefix", &table) ?? "/"
        let prefix = Path.join([[UInt8(ascii: "/")], Array((settings.prefix ?? ownPrefix).utf8)])
        let attributes = attributes(&table, bytes)
        let left = delimiter("left_delimiter", "{{", &table)
        let right = delimiter("right_delimiter", "}}", &table)
        let check = checkCommand(&table)
        let (checksInPlace, impliesCheckPlace) = checkPlace(check, &table)
        let reload = reloadMethod(&table)
        let rollback = table.flag("rollback") ?? false
        let items = itemRule(&table, destination: destination, check: check, checksInPlace, reload, rollback: rollback)
        let (keyRanges, layers) = ranges(&table, prefix: prefix, of: layers)
        if let items { refuseOutside(keyRanges, items.pattern, prefix: prefix, &table) }
        let apply = apply(&table, hasReload: reload != nil)
        let rollout = rollout(&table, RolloutSubject(layers: layers, hasItems: items != nil, isBalancer: apply != nil))
        let fields = Resource.Fields(
            file: table.file, source: source ?? "", prefix: prefix, ranges: keyRanges, checkCommand: check,
            checksInPlace: checksInPlace, impliesCheckPlace: impliesCheckPlace,
            reloadMethod: reload,
            checkTimeout: table.duration("check_cmd_timeout") ?? settings.checkTimeout,
            reloadTimeout: table.duration("reload_cmd_timeout") ?? settings.reloadTimeout,
            makeDirectories: table.flag("make_dirs") ?? false, backup: table.flag("backup") ?? false,
            leftDelimiter: left, rightDelimiter: right, layers: layers, policy: policy(&table),
            rollback: rollback, healthChecks: targetChecks(&table), outputFormat: outputFormat(&table),
            guardLimits: guardLimits(&table), apply: apply, items: items, rollout: rollout)
        let resource = Resource(name: name, destination: destination ?? "", attributes: attributes, fields)
        return Reading(
            complete: table.errors.isEmpty ? resource : nil, source: source, destination: destination, left: left,
            right: right)
    }

    /// When it is rendered and reloaded: the resource's own times before the global ones.
    private func policy(_ table: inout TableReader) -> ApplyPolicy {
        var policy = ApplyPolicy()
        let debounce = table.duration("debounce")
        let maxWait = table.duration("max_wait")
        if let debounce, let maxWait, maxWait < debounce { table.warn("max_wait", .maxWaitBelowDebounce) }
        policy.debounce = debounce ?? settings.debounce
        policy.maxWait = maxWait ?? (debounce == nil ? settings.maxWait : nil) ?? policy.debounce * 4
        policy.minReloadInterval = table.duration("min_reload_interval") ?? .zero
        policy.splay = settings.splay
        return policy
    }

    func expandedText(_ key: String, _ table: inout TableReader) -> String? {
        table.expandedText(key, environment)
    }

    private func requiredText(_ key: String, _ table: inout TableReader) -> String? {
        let problems = table.errors.count
        if let text = expandedText(key, &table), !text.isEmpty { return text }
        // A wrong type or variable has been noted already.
        if table.errors.count == problems { table.note(key, .required) }
        return nil
    }

    /// The template's path. The file must exist now; if not, only this resource has an error.
    private func source(_ table: inout TableReader) -> String? {
        guard let text = requiredText("src", &table) else { return nil }
        let path = text.hasPrefix("/") ? text : "\(templateFolder)/\(text)"
        // Other reasons why it cannot be read are reported when it is rendered.
        if (try? Files.status(path))?.kind == .folder { return table.refuse("src", .sourceIsDirectory(path)) }
        if Files.exists(path) { return path }
        let names = Files.tree(templateFolder).files.map { String($0.dropFirst(templateFolder.count + 1)) }
        let isBelowTwice = text.hasPrefix("templates/") && names.contains(String(text.dropFirst("templates/".count)))
        let meant =
            isBelowTwice ? String(text.dropFirst("templates/".count)) : Suggestion.nearest(to: text, among: names)
        table.note("src", .sourceMissing(path, suggestion: meant))
        return path
    }

    /// The keys that are needed, as the template sees them, and which those are of each of the backends.
    private func ranges(
        _ table: inout TableReader, prefix: [UInt8], of layers: [BackendLayer]
    ) -> ([KeyRange], [BackendLayer]) {
        var paths: [[UInt8]] = []
        var others: [KeyRange] = []
        var ranges: [(range: KeyRange, text: String, position: TOMLPosition)] = []
        for (text, position) in table.texts("keys") ?? [] {
            let key: String
            do {
                key = try VariableExpansion.expand(text, environment)
            } catch {
                table.note("keys", at: position, .variable(error))
                continue
            }
            var bytes = Array(key.utf8)
            // `/app/*` meant a prefix for older backends; keys have no other patterns.
            if bytes.suffix(2) == [UInt8(ascii: "/"), UInt8(ascii: "*")] { bytes.removeLast(2) }
            let path = Path.join([prefix, bytes])
            let shown = layers.compactMap { layer in layer.range(of: path).map(layer.shown) }
            guard let first = shown.first else {
                table.note("keys", at: position, .outsideOfMounts(text))
                continue
            }
            paths.append(path)
            // A backend that calls keys in a way of its own shows them so, and others as they were asked for.
            let own = layers.onlyBackend == nil ? KeyRange(cleaned: path) : first
            ranges.append((own, text, position))
            others += shown
        }
        adviseOfShadowed(ranges, &table)
        var distinct: [KeyRange] = []
        for range in ranges.map(\.range) + others where !distinct.contains(range) { distinct.append(range) }
        return (distinct, layers.map { $0.reading(paths) })
    }

    /// A key that another one of the list covers is valid, and probably a mistake.
    private func adviseOfShadowed(
        _ ranges: [(range: KeyRange, text: String, position: TOMLPosition)], _ table: inout TableReader
    ) {
        for (index, inner) in ranges.enumerated() {
            let outer = ranges.enumerated().first { number, outer in
                let covers = inner.range.path.withUnsafeBufferPointer { outer.range.contains($0) }
                return number != index && covers && (outer.range != inner.range || number < index)
            }
            guard let outer = outer?.element else { continue }
            table.advise("keys", at: inner.position, .covered(inner.text, by: outer.text))
        }
    }

    private func mode(_ table: inout TableReader, _ bytes: [UInt8]) -> UInt16? {
        guard let value = table.value("mode", .textOrInteger) else { return nil }
        let mode: UInt16?
        switch value.kind {
        case .integer(let number): mode = FileMode.parse(number, writtenAt: value.position, in: bytes)
        default:
            guard let text = expandedText("mode", &table), !text.isEmpty, !isOfItem(text, table) else { return nil }
            mode = FileMode.parse(text)
        }
        guard let mode else { return table.refuse("mode", .notMode) }
        // Such a mode is often a number that was meant in decimal: 416, which is 0o640, is read as 0o416.
        let isOdd = mode & 0o002 != 0 || mode & 0o600 == 0 && mode & 0o077 != 0
        if isOdd { table.advise("mode", at: value.position, .oddMode(mode)) }
        return mode
    }

    /// Mode, owner and group. setuid or setgid for an unknown owner or group would grant the rights of somebody else, so
    /// the bit is left out.
    private func attributes(_ table: inout TableReader, _ bytes: [UInt8]) -> FileAttributes {
        let mode = mode(&table, bytes)
        let user = identity("uid", name: "owner", &table) { (name) throws(SystemError) in try Users.uid(of: name) }
        let group = identity("gid", name: "group", &table) { (name) throws(SystemError) in try Users.gid(of: name) }
        let unsafeBits: UInt16 = (user == .unknown ? 0o4000 : 0) | (group == .unknown ? 0o2000 : 0)
        return FileAttributes(mode: mode.map { $0 & ~unsafeBits }, uid: user.number, gid: group.number)
    }

    /// The user or group that a resource sets.
    private enum Identity: Equatable {
        case unset
        /// An account that this machine does not have.
        case unknown
        case known(UInt32)

        var number: UInt32? { if case .known(let number) = self { number } else { nil } }
    }

    /// The user or group by number (confd's `uid`, where -1 is unset), or by name.
    ///
    /// As in confd 0.17 an account that this machine does not have changes nothing; it is a warning, because many resource
    /// files name an account of the system that they were written for.
    private func identity(
        _ numberKey: String, name nameKey: String, _ table: inout TableReader,
        find: (String) throws(SystemError) -> UInt32?
    ) -> Identity {
        let number = table.integer(numberKey)
        let name = expandedText(nameKey, &table)
        if let number, number != -1 {
            // An account that cannot be looked up is none that the number is of.
            if let name, !name.isEmpty, (try? find(name)) != UInt32(exactly: number) {
                table.warn(nameKey, .nameBesideNumber(nameKey, number: numberKey))
            }
            if let id = Self.identifier(number) { return .known(id) }
            table.note(numberKey, .notIdentifier(number))
            return .unset
        }
        guard let name, !name.isEmpty, !isOfItem(name, table) else { return .unset }
        if let id = Int64(name).flatMap(Self.identifier) { return .known(id) }
        do {
            if let found = try find(name) { return .known(found) }
        } catch {
            table.note(nameKey, .account(error))
            return .unset
        }
        table.warn(nameKey, nameKey == "owner" ? .unknownUser(name) : .unknownGroup(name))
        return .unknown
    }

    /// `number` as the id of a user or group; not 2³² - 1, which means "no change" to chown(2).
    private static func identifier(_ number: Int64) -> UInt32? {
        UInt32(exactly: number).flatMap { $0 == .max ? nil : $0 }
    }

    /// The format that the rendered file must have. XML, which confd's fork checks, is refused: there is no parser for it.
    private func outputFormat(_ table: inout TableReader) -> OutputFormat? {
        table.limit("output_format", to: OutputFormat.named.keys.sorted())
        guard let name = table.text("output_format"), !name.isEmpty else { return nil }
        if let format = OutputFormat.named[name] { return format }
        return table.refuse("output_format", name == "xml" ? .xmlFormat : .unknownFormat(name))
    }

    private func delimiter(_ key: String, _ standard: String, _ table: inout TableReader) -> String {
        guard let text = table.text(key), !text.isEmpty else { return standard }
        if text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            table.note(key, .spaceInDelimiter(text))
        }
        return text
    }
}
