import CYAML

/// The first document of a YAML stream as a tree of nodes, which refer to each other by number.
struct YAMLDocument {
    /// The deepest nesting of mappings and lists. The walk over them is recursive, and libyaml takes time in proportion to the
    /// depth for each token.
    static let maximumDepth = 256

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
            let isLast = try events.next { (event) throws(ContentError) in try take(event) }
            if isLast { break }
        }
        // Errors after the first document do not matter.
        secondDocument = try? findSecondDocument(events)
    }

    /// Where a further document begins, after the end of the first; nil if there is none, or an empty one.
    private func findSecondDocument(_ events: YAMLEvents) throws(ContentError) -> FileError.Position? {
        // After the end of the stream libyaml has no event.
        let start = try events.next { (event) throws(ContentError) in
            event.type == YAML_DOCUMENT_START_EVENT ? FileError.Position(event.start_mark) : nil
        }
        guard let start else { return nil }
        let isEmpty = try events.next { (event) throws(ContentError) in
            event.type == YAML_SCALAR_EVENT && event.data.scalar.length == 0
        }
        return isEmpty ? nil : start
    }

    /// Returns whether the document is complete.
    private mutating func take(_ event: yaml_event_t) throws(ContentError) -> Bool {
        let position = FileError.Position(event.start_mark)
        switch event.type {
        case YAML_STREAM_END_EVENT, YAML_DOCUMENT_END_EVENT: return true
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = Array(UnsafeBufferPointer(start: scalar.value, count: scalar.length))
            let node = Node.scalar(
                Scalar(text: text, tag: bytes(scalar.tag), isPlain: scalar.plain_implicit != 0))
            add(node, anchor: scalar.anchor, at: position)
        case YAML_ALIAS_EVENT:
            let name = bytes(event.data.alias.anchor)
            guard let target = anchors[name] else {
                throw ContentError(.unknownAnchor(String(decoding: name, as: UTF8.self)), at: position)
            }
            add(.alias(target), anchor: nil, at: position)
        case YAML_SEQUENCE_START_EVENT:
            try begin(isMapping: false, anchor: event.data.sequence_start.anchor, at: position)
        case YAML_MAPPING_START_EVENT:
            try begin(isMapping: true, anchor: event.data.mapping_start.anchor, at: position)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            let collection = open.removeLast()
            nodes[collection.node] =
                collection.isMapping ? .mapping(collection.children) : .sequence(collection.children)
        default: break
        }
        return false
    }

    private mutating func begin(
        isMapping: Bool, anchor: UnsafeMutablePointer<yaml_char_t>?, at position: FileError.Position
    ) throws(ContentError) {
        if open.count == Self.maximumDepth {
            throw ContentError(.nestedTooDeep(limit: Self.maximumDepth), at: position)
        }
        let node = add(.unfinished, anchor: anchor, at: position)
        open.append(Collection(node: node, isMapping: isMapping))
    }

    @discardableResult
    private mutating func add(
        _ node: Node, anchor: UnsafeMutablePointer<yaml_char_t>?, at position: FileError.Position
    ) -> Int {
        let number = nodes.count
        nodes.append(node)
        positions.append(position)
        if anchor != nil { anchors[bytes(anchor)] = number }
        if open.isEmpty { root = number } else { open[open.count - 1].children.append(number) }
        return number
    }

    private func bytes(_ text: UnsafeMutablePointer<yaml_char_t>?) -> [UInt8] {
        guard let text else { return [] }
        var count = 0
        while text[count] != 0 { count += 1 }
        return Array(UnsafeBufferPointer(start: text, count: count))
    }
}

/// libyaml's parser over bytes that outlive it.
private final class YAMLEvents {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        // It fails only where there is no memory for its first buffers.
        guard yaml_parser_initialize(parser) != 0 else { preconditionFailure("out of memory") }
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// Calls `body` with the next event, which is freed afterwards.
    func next<Result>(
        _ body: (yaml_event_t) throws(ContentError) -> Result
    ) throws(ContentError) -> Result {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) != 0 else { throw failure }
        defer { yaml_event_delete(&event) }
        return try body(event)
    }

    private var failure: ContentError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "invalid YAML"
        if state.error == YAML_READER_ERROR {
            // The reader knows only the byte at which it stopped.
            return ContentError(.syntax(problem), at: FileError.Position(of: state.problem_offset, in: bytes))
        }
        var message = problem
        if let context = state.context {
            let beginsBefore = state.context_mark.line < state.problem_mark.line
            let place = beginsBefore ? " that begins at line \(state.context_mark.line + 1)" : ""
            message = String(cString: context) + place + ": " + problem
        }
        return ContentError(.syntax(message), at: FileError.Position(state.problem_mark))
    }
}

extension FileError.Position {
    /// libyaml counts from 0.
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
