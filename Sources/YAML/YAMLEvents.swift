import CYAML
import Diagnostics

/// Why a text is not YAML, in libyaml's words, and where.
package struct YAMLError: Error, Equatable, Sendable {
    package let message: String
    package let position: TextPosition

    /// An error at `position`.
    package init(_ message: String, at position: TextPosition) {
        self.message = message
        self.position = position
    }
}

/// A step of libyaml's parser through a text.
package struct YAMLEvent {
    package enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case sequenceStart, sequenceEnd, mappingStart, mappingEnd
        /// `isPlain`: the text decides the type, for it is not quoted, or has the tag `!`. `tag` is the full one, empty if
        /// there is none.
        case scalar(text: [UInt8], tag: [UInt8], isPlain: Bool)
        /// Stands for the node with the anchor of that name.
        case alias([UInt8])
    }

    package let kind: Kind
    /// Where it begins.
    package let position: TextPosition
    /// The name that aliases refer to the node by, nil if it has none.
    package let anchor: [UInt8]?

    fileprivate init(_ event: yaml_event_t) {
        position = TextPosition(event.start_mark)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = Array(UnsafeBufferPointer(start: scalar.value, count: scalar.length))
            kind = .scalar(text: text, tag: bytes(scalar.tag) ?? [], isPlain: scalar.plain_implicit != 0)
            anchor = bytes(scalar.anchor)
        case YAML_ALIAS_EVENT:
            kind = .alias(bytes(event.data.alias.anchor) ?? [])
            anchor = nil
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            anchor = bytes(event.data.sequence_start.anchor)
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            anchor = bytes(event.data.mapping_start.anchor)
        default:
            kind = Self.boundary(event.type)
            anchor = nil
        }
    }

    private static func boundary(_ type: yaml_event_type_t) -> Kind {
        switch type {
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_END_EVENT: .mappingEnd
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        case YAML_STREAM_START_EVENT: .streamStart
        // After the end of the stream libyaml has events without a type.
        default: .streamEnd
        }
    }
}

/// libyaml's parser over bytes that outlive it.
package final class YAMLEvents {
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let bytes: UnsafeBufferPointer<UInt8>

    /// A parser of `bytes`.
    package init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        // It fails only where there is no memory for its first buffers.
        guard yaml_parser_initialize(parser) != 0 else { preconditionFailure("out of memory") }
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event; after the end of the stream, its end again.
    package func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) != 0 else { throw failure }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(event)
    }

    private var failure: YAMLError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "invalid YAML"
        if state.error == YAML_READER_ERROR {
            // The reader knows only the byte at which it stopped.
            return YAMLError(problem, at: TextPosition(of: state.problem_offset, in: bytes))
        }
        var message = problem
        if let context = state.context {
            let beginsBefore = state.context_mark.line < state.problem_mark.line
            let place = beginsBefore ? " that begins at line \(state.context_mark.line + 1)" : ""
            message = String(cString: context) + place + ": " + problem
        }
        if problem.hasSuffix("cannot start any token"), isIndentedByTab(line: state.problem_mark.line) {
            message += ": tabs are not allowed for indentation"
        }
        return YAMLError(message, at: TextPosition(state.problem_mark))
    }

    /// Whether there is a tab before the first character of a line, which is counted from 0.
    private func isIndentedByTab(line: Int) -> Bool {
        var start = bytes.startIndex
        for _ in 0..<line {
            guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return false }
            start = end + 1
        }
        let indentation = bytes[start...].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        return indentation.contains(UInt8(ascii: "\t"))
    }
}

extension TextPosition {
    /// libyaml counts from 0.
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}

private func bytes(_ text: UnsafeMutablePointer<yaml_char_t>?) -> [UInt8]? {
    guard let text else { return nil }
    var count = 0
    while text[count] != 0 { count += 1 }
    return Array(UnsafeBufferPointer(start: text, count: count))
}
