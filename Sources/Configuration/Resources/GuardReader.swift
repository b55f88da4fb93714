import TOML

extension ResourceParser {
    /// The `[template.guard]` table of a resource, nil without one; what is wrong is noted in `template`.
    func guardLimits(_ template: inout TableReader) -> GuardLimits? {
        guard let value = template.value("guard", .table) else { return nil }
        guard case .table(let table) = value.kind else {
            template.note("guard", at: value.position, .notTable(value.kind.type))
            return nil
        }
        var reader = TableReader(table, file: template.file, at: value.position)
        let limits = limits(&reader)
        let unknown = reader.unknownKeys(in: "[template.guard]")
        template.add(reader.errors)
        template.addWarnings(unknown)
        // A misspelled limit has been named already.
        if limits.isEmpty, reader.errors.isEmpty, unknown.isEmpty { template.warn("guard", .guardWithoutLimit) }
        return reader.errors.isEmpty ? limits : nil
    }

    func limits(_ reader: inout TableReader) -> GuardLimits {
        var limits = GuardLimits()
        readMinimums(&reader, into: &limits)
        limits.maxDrop = percent("max_drop", &reader)
        limits.maxChange = percent("max_change", &reader)
        if let hold = reader.duration("hold") { limits.hold = hold }
        return limits
    }

    /// Percent, as `"50%"`: a bare number could be meant as a number of keys.
    private func percent(_ key: String, _ table: inout TableReader) -> Int? {
        guard let value = table.value(key, .text) else { return nil }
        if case .string(let text) = value.kind, text.hasSuffix("%"), let number = Int(text.dropLast()),
            (0...100).contains(number)
        {
            return number
        }
        return table.refuse(key, .notPercent)
    }

    /// `min_keys`: a number for all keys, or a table of patterns with a number each.
    private func readMinimums(_ table: inout TableReader, into limits: inout GuardLimits) {
        guard let value = table.value("min_keys", .integerOrTable) else { return }
        switch value.kind {
        case .integer(let number):
            guard let count = Self.keyCount(number) else { return table.note("min_keys", .notKeyCount) }
            limits.minKeys = count
        case .table(let patterns):
            // Not through a reader of their own: patterns keep their letters and dashes.
            for entry in patterns.entries.sorted(by: { $0.key < $1.key }) {
                if let minimum = minimum(entry, &table) { limits.minimums.append(minimum) }
            }
        default: table.note("min_keys", at: value.position, .notMinKeys)
        }
    }

    private func minimum(_ entry: TOMLTable.Entry, _ table: inout TableReader) -> GuardLimits.Minimum? {
        guard let pattern = KeyPattern(entry.key) else {
            table.note("min_keys", at: entry.position, .notPattern(entry.key))
            return nil
        }
        guard case .integer(let number) = entry.value.kind, let count = Self.keyCount(number) else {
            table.note("min_keys", at: entry.value.position, .notKeyCount)
            return nil
        }
        return GuardLimits.Minimum(pattern: pattern, count: count)
    }

    private static func keyCount(_ number: Int64) -> Int? { (0...1_000_000_000).contains(number) ? Int(number) : nil }
}
