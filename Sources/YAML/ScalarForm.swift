/// The properties of a text that decide in which style it can be written: go-yaml's `yaml_emitter_analyze_scalar` and
/// `encoder.stringv`.
struct ScalarForm {
    enum Style { case plain, singleQuoted, doubleQuoted, literal }

    /// Whether there are line breaks: LF, CR, NEL, LS or PS.
    private(set) var hasBreaks = false
    private var hasLineFeeds = false
    private var allowsPlain = true
    private var allowsSingleQuotes = true
    private var allowsLiteral = true
    /// Whether it would be read as another type than a string if it had no quotes.
    private let isAmbiguous: Bool

    init(_ text: UnsafeBufferPointer<UInt8>) {
        isAmbiguous = Ambiguity.isAmbiguous(text)
        if text.isEmpty {
            allowsLiteral = false
            return
        }
        if text.starts(with: "---".utf8) || text.starts(with: "...".utf8) { allowsPlain = false }
        readCharacters(of: text)
        let first = YAMLCharacter(text, at: 0)
        if first.kind == .space || first.kind == .lineBreak || first.isIndicator(atStartOf: text) {
            allowsPlain = false
        }
        if hasBreaks { allowsPlain = false }
    }

    private mutating func readCharacters(of text: UnsafeBufferPointer<UInt8>) {
        var offset = 0
        var previous = YAMLCharacter.Kind.other
        // The start counts as white space.
        var isAfterBlank = true
        while offset < text.count {
            let character = YAMLCharacter(text, at: offset)
            let isLast = offset + character.width >= text.count
            let isBeforeBlank = isLast || YAMLCharacter(text, at: offset + character.width).isBlank
            let byte = text[offset]
            if offset > 0, byte == UInt8(ascii: ":") && isBeforeBlank || byte == UInt8(ascii: "#") && isAfterBlank {
                allowsPlain = false
            }
            if !character.isPrintable { refuseAllButDoubleQuotes() }
            switch character.kind {
            case .space:
                if isLast {
                    allowsPlain = false
                    allowsLiteral = false
                }
                if previous == .lineBreak {
                    allowsPlain = false
                    allowsSingleQuotes = false
                }
            case .lineBreak:
                hasBreaks = true
                if byte == UInt8(ascii: "\n") { hasLineFeeds = true }
                if previous == .space { refuseAllButDoubleQuotes() }
            case .other: break
            }
            previous = character.kind
            isAfterBlank = character.isBlank || character.kind == .lineBreak || byte == 0
            offset += character.width
        }
    }

    private mutating func refuseAllButDoubleQuotes() {
        allowsPlain = false
        allowsSingleQuotes = false
        allowsLiteral = false
    }

    /// How the text is written; a simple key is on one line.
    func style(isSimpleKey: Bool) -> Style {
        if hasLineFeeds { return allowsLiteral && !isSimpleKey ? .literal : .doubleQuoted }
        if isAmbiguous || isSimpleKey && hasBreaks { return .doubleQuoted }
        if allowsPlain { return .plain }
        return allowsSingleQuotes ? .singleQuoted : .doubleQuoted
    }
}

/// A character of a text, as go-yaml's emitter classifies it.
struct YAMLCharacter {
    enum Kind { case space, lineBreak, other }

    let width: Int
    let kind: Kind
    private let value: UInt32

    /// The character at `offset`, which is inside `text`.
    init(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) {
        let first = text[offset]
        let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        width = min(length, text.count - offset)
        var value = UInt32(first)
        if width > 1 {
            value = UInt32(first & (0x7F >> UInt8(width)))
            for index in 1..<width { value = value << 6 | UInt32(text[offset + index] & 0x3F) }
        }
        self.value = value
        kind =
            switch value {
            case 0x20: .space
            case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: .lineBreak
            default: .other
            }
    }

    /// Unicode's number of the character.
    var scalar: UInt32 { value }

    /// A space or a tab.
    var isBlank: Bool { value == 0x20 || value == 0x09 }

    /// Whether go-yaml writes it as it is: not tabs, not control characters, nothing above U+FFFF.
    var isPrintable: Bool {
        switch value {
        case 0x0A, 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD: true
        default: false
        }
    }

    /// Whether it is one of YAML's indicators at the start of `text`.
    func isIndicator(atStartOf text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch UInt8(truncatingIfNeeded: value) {
        case _ where value >= 0x80: false
        case UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
            UInt8(ascii: "}"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"),
            UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"), UInt8(ascii: "@"),
            UInt8(ascii: "`"):
            true
        case UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "-"):
            text.count == 1 || YAMLCharacter(text, at: 1).isBlank
        default: false
        }
    }
}
