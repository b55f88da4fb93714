/// Turns a YAML document into keys and values, as go-yaml v2 decodes it and confd walks it: aliases and merge keys
/// are followed; of equal keys the last one stays, with all that is below it.
struct YAMLReader {
    /// What is read, and is probably a mistake.
    enum Oddity: Equatable {
        /// A second document, which is not read.
        case secondDocument
        /// A key that its mapping has had before, which YAML forbids.
        case repeatedKey([UInt8])
    }

    /// The pairs of the first document of `bytes`; of equal keys the last one counts. `note` is called with what is odd in it
    /// and where.
    static func pairs(
        _ bytes: [UInt8], limits: FileLimits = FileLimits(), note: (Oddity, FileError.Position) -> Void = { _, _ in }
    ) throws(ContentError) -> [KeyTree.Pair] {
        var reader = YAMLReader(document: try YAMLDocument(bytes), tree: KeyTree(limits))
        if let position = reader.document.secondDocument { note(.secondDocument, position) }
        guard let root = reader.document.root else { return [] }
        try reader.readRoot(root)
        for (key, node) in reader.repeated { note(.repeatedKey(key), reader.document.positions[node]) }
        return reader.tree.pairs
    }

    private let document: YAMLDocument
    private var tree: KeyTree
    /// The nodes that the walk is inside of: an alias to one of them would never end.
    private var entered: Set<Int> = []
    private var aliasDepth = 0
    private var aliasedNodes = 0
    /// Keys that stand in their mapping for a second time, and their nodes; the first few.
    private var repeated: [(key: [UInt8], node: Int)] = []
    private static let mostRepeated = 16

    private init(document: YAMLDocument, tree: KeyTree) {
        self.document = document
        self.tree = tree
    }

    private mutating func readRoot(_ root: Int) throws(ContentError) {
        switch document.nodes[root] {
        case .mapping: try read(root, depth: 0)
        // An empty document is one of null.
        case .scalar(let scalar): if try resolved(scalar, root) != nil { throw unexpectedRoot(.scalar, root) }
        case .sequence: throw unexpectedRoot(.sequence, root)
        case .alias, .unfinished: preconditionFailure("the root is finished, and has nothing to refer to")
        }
    }

    private func unexpectedRoot(_ found: FileError.NodeType, _ node: Int) -> ContentError {
        ContentError(.rootNotMapping(found: found), at: document.positions[node])
    }

    private mutating func read(_ node: Int, depth: Int) throws(ContentError) {
        try count(node)
        switch document.nodes[node] {
        case .scalar(let scalar):
            if let value = try resolved(scalar, node) { tree.add(value) }
        case .alias(let target):
            aliasDepth += 1
            if entered.contains(target) { throw error(.anchorContainsItself, node) }
            try read(target, depth: depth)
            aliasDepth -= 1
        case .sequence(let children):
            try enter(node, depth)
            for (place, child) in children.enumerated() { try read(child, below: Array("\(place)".utf8), depth) }
            entered.remove(node)
        case .mapping(let children):
            try enter(node, depth)
            var entries = LastEntries()
            try collect(children, into: &entries)
            for (key, value) in zip(entries.keys, entries.values) { try read(value, below: key, depth) }
            entered.remove(node)
        case .unfinished: preconditionFailure("every collection is finished")
        }
    }

    private mutating func read(_ node: Int, below element: [UInt8], _ depth: Int) throws(ContentError) {
        let mark = tree.enter(element)
        try read(node, depth: depth + 1)
        tree.leave(mark)
    }

    /// Aliases can lead deeper than the document is nested.
    private mutating func enter(_ node: Int, _ depth: Int) throws(ContentError) {
        if depth == YAMLDocument.maximumDepth { throw error(.nestedTooDeep(limit: depth), node) }
        entered.insert(node)
    }

    private mutating func count(_ node: Int, as number: Int = 1) throws(ContentError) {
        if tree.isFull { throw error(.tooManyBytes(limit: tree.limits.bytes), node) }
        if aliasDepth == 0 { return }
        aliasedNodes += number
        if aliasedNodes > tree.limits.aliasedNodes {
            throw error(.tooManyAliases(limit: tree.limits.aliasedNodes), node)
        }
    }

    private func error(_ kind: FileError.Kind, _ node: Int) -> ContentError {
        ContentError(kind, at: document.positions[node])
    }

    /// The text of a scalar, nil for null.
    private func resolved(_ scalar: YAMLDocument.Scalar, _ node: Int) throws(ContentError) -> [UInt8]? {
        do throws(YAMLScalar.Failure) {
            return try YAMLScalar.resolved(scalar)
        } catch {
            switch error {
            case .mismatch(let tag): throw self.error(.tagMismatch(tag: tag), node)
            case .invalidBase64: throw self.error(.invalidBase64, node)
            }
        }
    }
}

// MARK: - Mappings

extension YAMLReader {
    /// Sets the keys in the order of the document: like go-yaml v2, a merge replaces the keys before it.
    private mutating func collect(_ children: [Int], into entries: inout LastEntries) throws(ContentError) {
        // What a merge brought may be replaced.
        var mayRepeat = !entries.keys.isEmpty
        for place in stride(from: 0, to: children.count, by: 2) {
            let value = children[place + 1]
            if case .scalar(let scalar) = document.nodes[children[place]], YAMLScalar.isMergeKey(scalar) {
                mayRepeat = true
                try merge(value, into: &entries)
            } else {
                let key = try key(children[place])
                tree.charge(key.count)
                if tree.isFull { throw error(.tooManyBytes(limit: tree.limits.bytes), value) }
                let isRepeated = entries.set(key, to: value)
                if isRepeated, !mayRepeat, aliasDepth == 0, repeated.count < Self.mostRepeated {
                    repeated.append((key, children[place]))
                }
            }
        }
    }

    /// The text of a key as it is written, where confd panics unless its type is string.
    private func key(_ node: Int) throws(ContentError) -> [UInt8] {
        switch document.nodes[node] {
        case .scalar(let scalar):
            // A string all the same, only written in base64.
            return YAMLScalar.isBinary(scalar) ? try resolved(scalar, node) ?? [] : scalar.text
        // An alias of an alias does not exist, so this goes no further.
        case .alias(let target): return try key(target)
        case .sequence, .mapping, .unfinished: throw error(.compositeKey(type(of: node)), node)
        }
    }

    private func type(of node: Int) -> FileError.NodeType {
        switch document.nodes[node] {
        case .scalar, .alias: .scalar
        case .sequence: .sequence
        case .mapping, .unfinished: .mapping
        }
    }

    private mutating func merge(_ node: Int, into entries: inout LastEntries) throws(ContentError) {
        switch document.nodes[node] {
        case .sequence(let children):
            // Mappings that are listed first win, so they are merged last.
            for child in children.reversed() { try mergeOne(child, into: &entries) }
        case .scalar, .mapping, .alias, .unfinished: try mergeOne(node, into: &entries)
        }
    }

    private mutating func mergeOne(_ node: Int, into entries: inout LastEntries) throws(ContentError) {
        switch document.nodes[node] {
        case .mapping(let children): try collect(children, into: &entries)
        case .alias(let target):
            guard case .mapping(let children) = document.nodes[target] else {
                throw error(.mergeOfNonMapping, node)
            }
            if !entered.insert(target).inserted { throw error(.anchorContainsItself, node) }
            aliasDepth += 1
            try count(node, as: children.count / 2)
            try collect(children, into: &entries)
            aliasDepth -= 1
            entered.remove(target)
        case .scalar, .sequence, .unfinished: throw error(.mergeOfNonMapping, node)
        }
    }
}
