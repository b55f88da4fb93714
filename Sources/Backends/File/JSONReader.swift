import JSON
import YAML

/// Turns JSON into keys and values. Numbers are printed as those of YAML are: integers exactly, others in full
/// without an exponent.
struct JSONReader {
    /// The walk over arrays and objects is recursive.
    static let maximumDepth = YAMLDocument.maximumDepth

    /// The pairs of `bytes`, which must be one object; of equal keys the last one counts.
    static func pairs(
        _ bytes: [UInt8], limits: FileLimits = FileLimits()
    ) throws(ContentError) -> [KeyTree.Pair] {
        try bytes.withUnsafeBufferPointer { (bytes) throws(ContentError) in
            let document: JSONDocument
            do throws(JSONError) {
                document = try JSONDocument(parsing: bytes)
            } catch {
                throw ContentError(.syntax(error.message), at: FileError.Position(of: error.offset, in: bytes))
            }
            var reader = JSONReader(document: document, input: bytes, tree: KeyTree(limits))
            try reader.readRoot()
            return reader.tree.pairs
        }
    }

    private let document: JSONDocument
    private let input: UnsafeBufferPointer<UInt8>
    private var tree: KeyTree

    private mutating func readRoot() throws(ContentError) {
        switch document.tokens[0].kind {
        case .object: try read(0, depth: 0)
        // An empty document, as in YAML.
        case .null: break
        case .array: throw error(.rootNotMapping(found: .sequence), 0)
        case .false, .true, .number, .string: throw error(.rootNotMapping(found: .scalar), 0)
        }
    }

    private mutating func read(_ index: Int, depth: Int) throws(ContentError) {
        if tree.isFull { throw error(.tooManyBytes(limit: tree.limits.bytes), index) }
        switch document.tokens[index].kind {
        case .array, .object: try readCollection(index, depth)
        case .null: break
        case .false: tree.add(Array("false".utf8))
        case .true: tree.add(Array("true".utf8))
        case .string: tree.add(string(index))
        case .number:
            let text = Array(input[document.tokens[index].range])
            tree.add(PlainScalar(text).text ?? text)
        }
    }

    private mutating func readCollection(_ index: Int, _ depth: Int) throws(ContentError) {
        if depth == Self.maximumDepth { throw error(.nestedTooDeep(limit: depth), index) }
        if document.tokens[index].kind == .array {
            for (place, element) in document.elements(of: index).enumerated() {
                try read(element, below: Array("\(place)".utf8), depth)
            }
        } else {
            var entries = LastEntries()
            for key in document.keys(of: index) { entries.set(string(key), to: key + 1) }
            for (key, value) in zip(entries.keys, entries.values) { try read(value, below: key, depth) }
        }
    }

    private mutating func read(_ index: Int, below element: [UInt8], _ depth: Int) throws(ContentError) {
        let mark = tree.enter(element)
        try read(index, depth: depth + 1)
        tree.leave(mark)
    }

    private func string(_ index: Int) -> [UInt8] { document.withString(at: index, in: input) { Array($0) } }

    private func error(_ kind: FileError.Kind, _ index: Int) -> ContentError {
        ContentError(kind, at: FileError.Position(of: document.tokens[index].offset, in: input))
    }
}
