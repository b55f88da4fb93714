import YAML

/// The first document of a YAML stream as a tree of nodes, which refer to each other by number.
struct YAMLDocument {
    /// The deepest nesting of mappings and lists. The walk over them is recursive, and libyaml takes time in proportion to the
    /// depth for each token.
    static let maximumDepth = YAMLSyntax.maximumDepth

    enum Node {
        case scalar(Scalar)
        case sequence([Int])
        /// Keys and values in turn.
        case mapping([Int])
        case alias(Int)
        /// Its end is not yet seen: an alias inside it refers to it.
        case unfinished
    }

    struct Scalar {
        let text: [UInt8]
        /// The full tag; empty if there is none.
        let tag: [UInt8]
        /// Whether the text decides the type: it is not quoted, or has the tag `!`.
        let isPlain: Bool
    }

    private(set) var nodes: [Node] = []
    private(set) var positions: [FileError.Position] = []
    /// nil where the stream holds no document.
    private(set) var root: Int?
    /// Where another document begins that holds anything.
    private(set) var secondDocument: FileError.Position?

    private var anchors: [[UInt8]: Int] = [:]
    private var open: [Collection] = []

    private struct Collection {
        let node: Int
        let isMapping: Bool
        var children: [Int] = []
    }

    /// Parses `bytes`; what follows the first document is not read, as in go-yaml's `Unmarshal`.
    init(_ bytes: [UInt8]) throws(ContentError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(ContentError) in try read(bytes) }
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(ContentError) {
        let events = YAMLEvents(bytes)
        while true {
            let event: YAMLEvent
            do throws(YAMLError) {
                event = try events.next()
            } catch {
                throw ContentError(.syntax(error.message), at: error.position)
            }
            if try take(event) { break }
        }
        // Errors after the first document do not matter.
        secondDocument = try? Self.findSecondDocument(events)
    }

    /// Where a further document begins, after the end of the first; nil if there is none, or an empty one.
    private static func findSecondDocument(_ events: YAMLEvents) throws(YAMLError) -> FileError.Position? {
        let start = try events.next()
        guard case .documentStart = start.kind else { return nil }
        if case .scalar(let text, _, _) = try events.next().kind, text.isEmpty { return nil }
        return start.position
    }

    /// Returns whether the document is complete.
    private mutating func take(_ event: YAMLEvent) throws(ContentError) -> Bool {
        switch event.kind {
        case .streamEnd, .documentEnd: return true
        case .streamStart, .documentStart: break
        case .scalar(let text, let tag, let isPlain):
            add(.scalar(Scalar(text: text, tag: tag, isPlain: isPlain)), anchor: event.anchor, at: event.position)
        case .alias(let name):
            guard let target = anchors[name] else {
                throw ContentError(.unknownAnchor(String(decoding: name, as: UTF8.self)), at: event.position)
            }
            add(.alias(target), anchor: nil, at: event.position)
        case .sequenceStart: try begin(isMapping: false, event)
        case .mappingStart: try begin(isMapping: true, event)
        case .sequenceEnd, .mappingEnd:
            let collection = open.removeLast()
            nodes[collection.node] =
                collection.isMapping ? .mapping(collection.children) : .sequence(collection.children)
        }
        return false
    }

    private mutating func begin(isMapping: Bool, _ event: YAMLEvent) throws(ContentError) {
        if open.count == Self.maximumDepth {
            throw ContentError(.nestedTooDeep(limit: Self.maximumDepth), at: event.position)
        }
        let node = add(.unfinished, anchor: event.anchor, at: event.position)
        open.append(Collection(node: node, isMapping: isMapping))
    }

    @discardableResult
    private mutating func add(_ node: Node, anchor: [UInt8]?, at position: FileError.Position) -> Int {
        let number = nodes.count
        nodes.append(node)
        positions.append(position)
        if let anchor { anchors[anchor] = number }
        if open.isEmpty { root = number } else { open[open.count - 1].children.append(number) }
        return number
    }
}
