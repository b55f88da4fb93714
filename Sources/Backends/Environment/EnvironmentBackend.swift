import KeyValue

/// Keys from environment variables: `APP_DB_HOST` is `/app/db/host`. Mirrors confd's backend `env`.
package struct EnvironmentBackend: Backend {
    /// A variable as the kernel has it, without the `=`.
    package typealias Variable = (name: [UInt8], value: [UInt8])

    private let variables: [Variable]
    private let warnings: Warnings

    /// A backend over `variables`; of equal names the last one counts. `warn` logs a warning.
    package init(variables: [Variable], warn: @escaping @Sendable (String) -> Void = { _ in }) {
        self.variables = variables
        warnings = Warnings(warn)
    }

    /// Never throws. A range is a name in upper case with `_` for `/`, so `/app` covers `APP` and `APP_…`: confd
    /// matches any name that begins so, `APP2` as well, which is not below `/app`.
    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        for range in ranges { warnOfPartialName(range) }
        return Snapshot(pairs(of: ranges))
    }

    /// Warns if there is no variable for `range`, but one whose name begins with its name, which confd 0.17 would find.
    private func warnOfPartialName(_ range: KeyRange) {
        let prefix = Self.name(ofKey: range.path)
        let candidates = variables.filter { $0.name.starts(with: prefix) }
        let isCovered = candidates.contains { Self.covers(prefix, $0.name) }
        guard !isCovered, let found = candidates.first else { return }
        warnings.issue(
            "env: \"\(printable(range.path))\" covers no variable; \(printable(found.name)) only begins so, and its key is"
                + " \"\(printable(Self.key(ofName: found.name)))\": name that one, or what is above it")
    }

    func pairs(of ranges: [KeyRange]) -> [(key: [UInt8], value: [UInt8])] {
        let prefixes = ranges.map { Self.name(ofKey: $0.path) }
        return variables.filter { variable in
            prefixes.contains { Self.covers($0, variable.name) }
        }.map { (Self.key(ofName: $0.name), $0.value) }
    }

    private static func covers(_ prefix: [UInt8], _ name: [UInt8]) -> Bool {
        if prefix.isEmpty { return true }
        return name.starts(with: prefix) && (name.count == prefix.count || name[prefix.count] == underscore)
    }

    /// `path` in the form of this backend's keys: lower case, and `/` for `_`.
    package static func key(of path: [UInt8]) -> [UInt8] { key(ofName: name(ofKey: path)) }

    /// `/app/db` is `APP_DB`: confd's `transform`.
    private static func name(ofKey key: [UInt8]) -> [UInt8] {
        let relative = key.first == slash ? key.dropFirst() : key[...]
        return LetterCase.upper(relative.map { $0 == slash ? underscore : $0 })
    }

    /// `APP_DB` is `/app/db`, and `A__B` is `/a//b`: confd's `clean`.
    private static func key(ofName name: [UInt8]) -> [UInt8] {
        [slash] + LetterCase.lower(name).map { $0 == underscore ? slash : $0 }
    }

    private static let slash = UInt8(ascii: "/")
    private static let underscore = UInt8(ascii: "_")
}

/// Go's `strings.ToUpper` and `ToLower`: character by character. Bytes that are not UTF-8 stay as they are.
private enum LetterCase {
    static func upper(_ text: [UInt8]) -> [UInt8] { mapped(text) { $0.uppercaseMapping } }

    static func lower(_ text: [UInt8]) -> [UInt8] { mapped(text) { $0.lowercaseMapping } }

    private static func mapped(_ text: [UInt8], _ mapping: (Unicode.Scalar.Properties) -> String) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        // Not UTF-8: ASCII letters are mapped, and all other bytes stay.
        guard let valid = String(validating: text, as: UTF8.self) else {
            for byte in text { result += byte < 0x80 ? Array(mapping(Unicode.Scalar(byte).properties).utf8) : [byte] }
            return result
        }
        for scalar in valid.unicodeScalars {
            let mapped = mapping(scalar.properties).unicodeScalars
            // Go maps one character to one; a character that would become several stays as it is.
            result += Array(String(mapped.count == 1 ? mapped[mapped.startIndex] : scalar).utf8)
        }
        return result
    }
}
