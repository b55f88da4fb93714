/// A key of a dotted key or header, and where it stands.
struct KeyPart {
    let name: String
    let position: TOMLPosition
}

/// The tables of a document under construction, with TOML's rules on who may define and extend them.
/// Tables refer to each other by number, so that adding to one never copies another.
struct TableTree {
    /// How a table came to be, which decides who may still add to it.
    enum Origin {
        /// Named only on the way to another table: `[a.b]` makes `a`.
        case path
        /// The root, a header, or an element of an array of tables.
        case header
        case dottedKey
        case inline
    }

    enum Node {
        case value(TOMLValue)
        case table(Int)
        case arrayOfTables(Int)
    }

    private struct Entry {
        let position: TOMLPosition
        let node: Node
    }

    private struct Table {
        var index = KeyIndex()
        /// In the order of `index`.
        var entries: [Entry] = []
        var origin: Origin
        var position: TOMLPosition
        let depth: Int
    }

    private struct ArrayOfTables {
        var elements: [Int] = []
        let position: TOMLPosition
    }

    static let root = 0

    private var tables = [Table(origin: .header, position: TOMLPosition(line: 1, column: 1), depth: 0)]
    private var arrays: [ArrayOfTables] = []

    func depth(of table: Int) -> Int { tables[table].depth }

    /// Throws where a container at `depth` would be nested too deep.
    static func check(depth: Int, at position: TOMLPosition) throws(TOMLError) {
        if depth > TOMLParser.maximumDepth {
            throw TOMLError(.nestedTooDeep(limit: TOMLParser.maximumDepth), at: position)
        }
    }
}

// MARK: - Keys and values

extension TableTree {
    /// The table that `key`, relative to `base`, adds to: made for a dotted key. Throws if the last part is taken.
    mutating func place(of key: [KeyPart], in base: Int) throws(TOMLError) -> Int {
        var table = base
        for part in key.indices.dropLast() { table = try enter(dottedKey: key, part, in: table) }
        let last = key[key.count - 1]
        if let taken = tables[table].index[last.name] {
            let line = tables[table].entries[taken].position.line
            throw TOMLError(.duplicateKey(path(key, key.count - 1), firstLine: line), at: last.position)
        }
        return table
    }

    /// Adds a value under a key that `place(of:in:)` found free.
    mutating func add(_ value: TOMLValue, as part: KeyPart, to table: Int) {
        append(.value(value), as: part, to: table)
    }

    private mutating func enter(dottedKey key: [KeyPart], _ part: Int, in table: Int) throws(TOMLError) -> Int {
        guard let found = tables[table].index[key[part].name] else {
            return try addTable(.dottedKey, as: key[part], to: table)
        }
        let entry = tables[table].entries[found]
        let line = entry.position.line
        switch entry.node {
        case .value(let value):
            throw cannotEnter(value, name: path(key, part), firstLine: line, at: key[part].position)
        case .arrayOfTables:
            throw TOMLError(.intoArrayOfTables(path(key, part), firstLine: line), at: key[part].position)
        case .table(let next):
            switch tables[next].origin {
            case .path: tables[next].origin = .dottedKey
            case .dottedKey: break
            case .header, .inline:
                let line = tables[next].position.line
                throw TOMLError(.dottedKeyIntoTable(path(key, part), firstLine: line), at: key[part].position)
            }
            return next
        }
    }
}

// MARK: - Headers

extension TableTree {
    /// The table of the header `[key]`.
    mutating func open(header key: [KeyPart]) throws(TOMLError) -> Int {
        let parent = try parent(ofHeader: key)
        let last = key[key.count - 1]
        guard let found = tables[parent].index[last.name] else { return try addTable(.header, as: last, to: parent) }
        let entry = tables[parent].entries[found]
        let name = path(key, key.count - 1)
        switch entry.node {
        case .value(let value):
            throw alreadyDefined(value, name: name, firstLine: entry.position.line, at: last.position)
        case .arrayOfTables:
            throw TOMLError(.arrayOfTablesNotTable(name, firstLine: entry.position.line), at: last.position)
        case .table(let table):
            switch tables[table].origin {
            case .path:
                tables[table].origin = .header
                tables[table].position = last.position
                return table
            case .dottedKey:
                throw TOMLError(.tableOfDottedKeys(name, firstLine: entry.position.line), at: last.position)
            case .header, .inline:
                let line = tables[table].position.line
                throw TOMLError(.duplicateTable(name, firstLine: line), at: last.position)
            }
        }
    }

    /// A new element of the array of tables `[[key]]`.
    mutating func open(arrayHeader key: [KeyPart]) throws(TOMLError) -> Int {
        let parent = try parent(ofHeader: key)
        let last = key[key.count - 1]
        guard let found = tables[parent].index[last.name] else {
            arrays.append(ArrayOfTables(position: last.position))
            append(.arrayOfTables(arrays.count - 1), as: last, to: parent)
            return try addElement(to: arrays.count - 1, of: parent, at: last.position)
        }
        let entry = tables[parent].entries[found]
        let name = path(key, key.count - 1)
        switch entry.node {
        case .value(let value):
            throw alreadyDefined(value, name: name, firstLine: entry.position.line, at: last.position)
        case .arrayOfTables(let array):
            return try addElement(to: array, of: parent, at: last.position)
        case .table(let table):
            let line = tables[table].position.line
            throw TOMLError(.tableNotArrayOfTables(name, firstLine: line), at: last.position)
        }
    }

    /// The table that holds the last part of `key`; of an array of tables on the way it is the newest element.
    private mutating func parent(ofHeader key: [KeyPart]) throws(TOMLError) -> Int {
        var table = Self.root
        for part in key.indices.dropLast() {
            guard let found = tables[table].index[key[part].name] else {
                table = try addTable(.path, as: key[part], to: table)
                continue
            }
            let entry = tables[table].entries[found]
            switch entry.node {
            case .value(let value):
                let line = entry.position.line
                throw cannotEnter(value, name: path(key, part), firstLine: line, at: key[part].position)
            case .table(let next): table = next
            case .arrayOfTables(let array): table = arrays[array].elements[arrays[array].elements.count - 1]
            }
        }
        return table
    }

    private mutating func addElement(
        to array: Int, of parent: Int, at position: TOMLPosition
    ) throws(TOMLError) -> Int {
        let depth = tables[parent].depth + 2
        try Self.check(depth: depth, at: position)
        tables.append(Table(origin: .header, position: position, depth: depth))
        arrays[array].elements.append(tables.count - 1)
        return tables.count - 1
    }
}

// MARK: - Inline tables

extension TableTree {
    /// A table on its own, for the keys of an inline table.
    mutating func openInline(depth: Int, at position: TOMLPosition) -> Int {
        tables.append(Table(origin: .inline, position: position, depth: depth))
        return tables.count - 1
    }

    /// The finished inline table; it and what it made leave the tree.
    mutating func closeInline(_ table: Int) -> TOMLTable {
        let finished = finished(table)
        tables.removeSubrange(table...)
        return finished
    }
}

// MARK: - Helpers

extension TableTree {
    /// `table` as a value. Recursion is bounded by `TOMLParser.maximumDepth`.
    func finished(_ table: Int) -> TOMLTable {
        let table = tables[table]
        var entries: [TOMLTable.Entry] = []
        entries.reserveCapacity(table.entries.count)
        for (key, entry) in zip(table.index.keys, table.entries) {
            entries.append(TOMLTable.Entry(key: key, position: entry.position, value: finished(entry.node)))
        }
        return TOMLTable(entries, index: table.index)
    }

    private func finished(_ node: Node) -> TOMLValue {
        switch node {
        case .value(let value): value
        case .table(let table): TOMLValue(.table(finished(table)), at: tables[table].position)
        case .arrayOfTables(let array):
            TOMLValue(
                .array(arrays[array].elements.map { TOMLValue(.table(finished($0)), at: tables[$0].position) }),
                at: arrays[array].position)
        }
    }

    private mutating func addTable(_ origin: Origin, as part: KeyPart, to parent: Int) throws(TOMLError) -> Int {
        let depth = tables[parent].depth + 1
        try Self.check(depth: depth, at: part.position)
        tables.append(Table(origin: origin, position: part.position, depth: depth))
        append(.table(tables.count - 1), as: part, to: parent)
        return tables.count - 1
    }

    private mutating func append(_ node: Node, as part: KeyPart, to table: Int) {
        tables[table].index.append(part.name)
        tables[table].entries.append(Entry(position: part.position, node: node))
    }

    /// The parts of `key` up to number `last`, as a message shows them.
    private func path(_ key: [KeyPart], _ last: Int) -> String {
        excerpt(key[...last].map(\.name).joined(separator: "."))
    }

    /// The error for a header whose name is that of an existing value.
    private func alreadyDefined(
        _ value: TOMLValue, name: String, firstLine: Int, at position: TOMLPosition
    ) -> TOMLError {
        switch value.kind {
        case .table, .array: cannotEnter(value, name: name, firstLine: firstLine, at: position)
        default: TOMLError(.duplicateKey(name, firstLine: firstLine), at: position)
        }
    }

    /// The error for a header or dotted key that leads through a value.
    private func cannotEnter(
        _ value: TOMLValue, name: String, firstLine: Int, at position: TOMLPosition
    ) -> TOMLError {
        let kind: TOMLError.Kind =
            switch value.kind {
            case .table: .intoInlineTable(name, firstLine: firstLine)
            case .array: .intoArray(name, firstLine: firstLine)
            case .string: .notATable(name, .string, firstLine: firstLine)
            case .integer: .notATable(name, .integer, firstLine: firstLine)
            case .float: .notATable(name, .float, firstLine: firstLine)
            case .boolean: .notATable(name, .boolean, firstLine: firstLine)
            case .offsetDateTime, .localDateTime, .localDate, .localTime:
                .notATable(name, .dateTime, firstLine: firstLine)
            }
        return TOMLError(kind, at: position)
    }
}

/// The beginning of `text`, short enough for a message.
func excerpt(_ text: String) -> String {
    let limit = 60
    let scalars = text.unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
        end != scalars.endIndex
    else { return text }
    return String(scalars[..<end]) + "…"
}
