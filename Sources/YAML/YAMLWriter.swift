/// Writes YAML byte for byte as go-yaml v2 does, and with it `sigs.k8s.io/yaml` and Helm: in blocks, two spaces a level, a
/// list below a key at the key's own depth, lines of text broken behind 80 characters.
///
/// The caller goes through its values and calls, for a list, `beginList`, the elements and `endList`; for a mapping,
/// `beginMapping`, for each member `key` and its value, and `endMapping`; for either without elements, `emptyList` or
/// `emptyMapping`. Texts must be UTF-8.
package struct YAMLWriter: ~Copyable {
    /// The text so far.
    package internal(set) var bytes: [UInt8] = []
    /// The bytes after which writing stops. Indentation can be much longer than what is indented.
    let limit: Int

    /// How many characters of the line are written.
    var column = 0
    /// Where lines of the open list or mapping begin; -1 outside of all.
    var indent = -1
    /// Whether the last thing written was white space, or nothing.
    var isAfterSpace = true
    /// Whether the line has only indentation so far, and indicators that count as indentation.
    var isInIndentation = true

    private var open: [Collection] = []

    /// The lines of text are broken at the first space behind this column.
    static let bestWidth = 80
    private static let step = 2
    /// A longer key is written behind a question mark.
    private static let longestSimpleKey = 128

    private struct Collection {
        let isMapping: Bool
        /// The indentation outside.
        let outerIndent: Int
        /// Of a mapping: whether the key that was written last needs no question mark; nil if a key comes next.
        var keyIsSimple: Bool?
    }

    /// A writer that stops soon after `limit` bytes.
    package init(limit: Int = .max) { self.limit = limit }

    /// Whether the output has exceeded `limit`, so that the rest was left out.
    package var isFull: Bool { bytes.count > limit }

    // MARK: Collections

    package mutating func beginList() {
        let isBelowKey = open.last?.isMapping == true
        beginValue()
        begin(isMapping: false, indented: !isBelowKey || isInIndentation)
    }

    package mutating func beginMapping() {
        beginValue()
        begin(isMapping: true, indented: true)
    }

    package mutating func endList() { end() }

    package mutating func endMapping() { end() }

    package mutating func emptyList() {
        beginValue()
        writeIndicator("[", spaced: true)
        writeIndicator("]")
        endValue()
    }

    package mutating func emptyMapping() {
        beginValue()
        writeIndicator("{", spaced: true)
        writeIndicator("}")
        endValue()
    }

    private mutating func begin(isMapping: Bool, indented: Bool) {
        open.append(Collection(isMapping: isMapping, outerIndent: indent))
        if indent < 0 {
            indent = 0
        } else if indented {
            indent += Self.step
        }
    }

    private mutating func end() {
        indent = open.removeLast().outerIndent
        endValue()
    }

    // MARK: Keys and scalars

    /// Writes the key of the member whose value comes next.
    package mutating func key(_ text: UnsafeBufferPointer<UInt8>) {
        let form = ScalarForm(text)
        let isSimple = !form.hasBreaks && text.count <= Self.longestSimpleKey
        breakLine()
        if !isSimple { writeIndicator("?", spaced: true, indents: true) }
        writeScalar(text, form, isSimpleKey: isSimple)
        open[open.count - 1].keyIsSimple = isSimple
    }

    /// Writes a string, in quotes where it would be read as another type without.
    package mutating func text(_ text: UnsafeBufferPointer<UInt8>) {
        beginValue()
        writeScalar(text, ScalarForm(text), isSimpleKey: false)
        endValue()
    }

    /// Writes a number, truth value or null in the form that it is read back from.
    package mutating func plain(_ text: [UInt8]) {
        beginValue()
        text.withUnsafeBufferPointer { writePlain($0, breaksLines: false) }
        endValue()
    }

    /// Writes what stands before an element of a list or the value of a key.
    private mutating func beginValue() {
        guard let collection = open.last else { return }
        if !collection.isMapping {
            breakLine()
            writeIndicator("-", spaced: true, indents: true)
        } else if collection.keyIsSimple == true {
            writeIndicator(":")
        } else {
            breakLine()
            writeIndicator(":", spaced: true, indents: true)
        }
    }

    private mutating func endValue() {
        if open.isEmpty {
            indent = -1
            breakLine()
        } else {
            open[open.count - 1].keyIsSimple = nil
        }
    }

    private mutating func writeScalar(
        _ text: UnsafeBufferPointer<UInt8>, _ form: ScalarForm, isSimpleKey: Bool
    ) {
        let outer = indent
        indent = max(indent, 0) + Self.step
        switch form.style(isSimpleKey: isSimpleKey) {
        case .plain: writePlain(text, breaksLines: !isSimpleKey)
        case .singleQuoted: writeSingleQuoted(text, breaksLines: !isSimpleKey)
        case .doubleQuoted: writeDoubleQuoted(text, breaksLines: !isSimpleKey)
        case .literal: writeLiteral(text)
        }
        indent = outer
    }
}

// MARK: - Characters

extension YAMLWriter {
    mutating func put(_ byte: UInt8) {
        bytes.append(byte)
        column += 1
    }

    mutating func put(_ character: UnsafeBufferPointer<UInt8>) {
        bytes += character
        column += 1
    }

    mutating func putLineFeed() {
        bytes.append(UInt8(ascii: "\n"))
        column = 0
    }

    /// Begins a line at the indentation, unless there already is one.
    mutating func breakLine() {
        let indent = max(indent, 0)
        if !isInIndentation || column > indent || column == indent && !isAfterSpace { putLineFeed() }
        if column < indent, !isFull {
            bytes += repeatElement(UInt8(ascii: " "), count: indent - column)
            column = indent
        }
        isAfterSpace = true
        isInIndentation = true
    }

    /// Writes punctuation, with a space before it if it is `spaced` and there is none; it may count as indentation.
    mutating func writeIndicator(_ text: StaticString, spaced: Bool = false, indents: Bool = false) {
        if spaced, !isAfterSpace { put(UInt8(ascii: " ")) }
        for index in 0..<text.utf8CodeUnitCount { put(text.utf8Start[index]) }
        isAfterSpace = false
        isInIndentation = isInIndentation && indents
    }
}
