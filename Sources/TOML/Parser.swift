/// A recursive descent parser for TOML 1.0; above each parse function stands its grammar rule.
/// Bytes are read in place; recursion is bounded by `TOMLParser.maximumDepth`.
struct Parser {
    let bytes: [UInt8]
    /// The offset of the next byte to read.
    var index = 0
    var tree = TableTree()

    /// The line of `index` and where it starts.
    private(set) var line = 1
    private var lineStart = 0
    /// A place on the line whose column is known, so that a long line is counted only once.
    private var knownOffset = 0
    private var knownColumn = 1

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// document = *( ws [ keyval / table ] ws [ comment ] newline )
    mutating func document() throws(TOMLError) -> TOMLTable {
        try validateEncoding()
        skipByteOrderMark()
        var table = TableTree.root
        while true {
            skipSpace()
            switch current {
            case nil: return tree.finished(TableTree.root)
            case Byte.hash, Byte.lineFeed, Byte.carriageReturn: break
            case Byte.openBracket: table = try header()
            default: try keyAndValue(in: table)
            }
            try endOfLine()
        }
    }

    /// table = "[" ws key ws "]" / "[[" ws key ws "]]"
    private mutating func header() throws(TOMLError) -> Int {
        index += 1
        let isArray = current == Byte.openBracket
        if isArray { index += 1 }
        skipSpace()
        let key = try key()
        guard current == Byte.closeBracket, !isArray || peek(1) == Byte.closeBracket else {
            throw unexpected(.headerEnd(isArray ? "]]" : "]"))
        }
        index += isArray ? 2 : 1
        return isArray ? try tree.open(arrayHeader: key) : try tree.open(header: key)
    }

    /// keyval = key ws "=" ws val
    mutating func keyAndValue(in base: Int) throws(TOMLError) {
        let key = try key()
        guard current == Byte.equals else {
            throw unexpected(.equals(key: excerpt(key.map(\.name).joined(separator: "."))))
        }
        index += 1
        let table = try tree.place(of: key, in: base)
        skipSpace()
        let value = try value(depth: tree.depth(of: table) + 1)
        tree.add(value, as: key[key.count - 1], to: table)
    }

    /// ws [ comment ] ( newline / end of file )
    private mutating func endOfLine() throws(TOMLError) {
        skipSpace()
        try skipComment()
        if current == nil { return }
        guard try skipNewline() else { throw unexpected(.endOfLine) }
    }
}

// MARK: - Looking and skipping

extension Parser {
    /// The byte at `index`; nil at the end of the file.
    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    func peek(_ distance: Int) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    /// Whether `byte`, which stands at `index`, begins a newline.
    func isNewline(_ byte: UInt8) -> Bool {
        byte == Byte.lineFeed || (byte == Byte.carriageReturn && peek(1) == Byte.lineFeed)
    }

    /// ws = *( space / tab )
    mutating func skipSpace() {
        while let byte = current, byte == Byte.space || byte == Byte.tab { index += 1 }
    }

    /// newline = LF / CR LF. Returns whether there was one.
    mutating func skipNewline() throws(TOMLError) -> Bool {
        switch current {
        case Byte.lineFeed: index += 1
        case Byte.carriageReturn:
            index += 1
            guard current == Byte.lineFeed else { throw unexpected(.lineFeedAfterCarriageReturn) }
            index += 1
        default: return false
        }
        startLine()
        return true
    }

    /// comment = "#" *( tab / any character but controls )
    mutating func skipComment() throws(TOMLError) {
        guard current == Byte.hash else { return }
        while let byte = current, byte != Byte.lineFeed {
            if byte == Byte.carriageReturn && peek(1) == Byte.lineFeed { return }
            if Byte.isControl(byte) { throw error(.controlCharacter(byte, .comment)) }
            index += 1
        }
    }

    /// Spaces, newlines and comments, as arrays allow between their values.
    mutating func skipSpaceAndLines() throws(TOMLError) {
        repeat {
            skipSpace()
            try skipComment()
        } while try skipNewline()
    }

    /// Notes that a line begins at `index`.
    mutating func startLine() {
        line += 1
        lineStart = index
        knownOffset = index
        knownColumn = 1
    }
}

// MARK: - Positions and errors

extension Parser {
    /// The place of `index`.
    mutating func position() -> TOMLPosition { position(at: index) }

    /// The place of `offset`, which is on the current line.
    mutating func position(at offset: Int) -> TOMLPosition {
        if offset < knownOffset {
            knownOffset = lineStart
            knownColumn = 1
        }
        // UTF-8 continuation bytes do not count as columns.
        for byte in bytes[knownOffset..<offset] where byte & 0xC0 != 0x80 { knownColumn += 1 }
        knownOffset = offset
        return TOMLPosition(line: line, column: knownColumn)
    }

    mutating func error(_ kind: TOMLError.Kind) -> TOMLError { TOMLError(kind, at: position()) }

    mutating func error(_ kind: TOMLError.Kind, at offset: Int) -> TOMLError {
        TOMLError(kind, at: position(at: offset))
    }

    /// `expectation` was not met at `index`.
    mutating func unexpected(_ expectation: TOMLError.Expectation) -> TOMLError {
        switch current {
        case nil: return error(.expected(expectation, found: .endOfFile))
        case Byte.lineFeed: return error(.expected(expectation, found: .endOfLine))
        case Byte.carriageReturn where peek(1) == Byte.lineFeed:
            return error(.expected(expectation, found: .endOfLine))
        case Byte.hash: return error(.expected(expectation, found: .comment))
        case let byte? where Byte.isControl(byte) && byte != Byte.tab:
            return error(.controlCharacter(byte, .document))
        default: return error(.expected(expectation, found: .text(text(wordOrCharacter()))))
        }
    }

    /// The word at `index`, or the one character that stands there.
    private func wordOrCharacter() -> Range<Int> {
        if Byte.isBareKey(bytes[index]) { return word(from: index) }
        var end = index + 1
        while end < bytes.count && bytes[end] & 0xC0 == 0x80 { end += 1 }
        return index..<end
    }

    /// The run of characters that numbers, dates and bare words are made of.
    func word(from start: Int) -> Range<Int> {
        var end = start
        while end < bytes.count && Byte.isWord(bytes[end]) { end += 1 }
        return start..<end
    }

    /// The characters of `range` for a message.
    func text(_ range: Range<Int>) -> String {
        // Only the beginning is shown; 4 bytes are the longest character.
        excerpt(String(decoding: bytes[range.prefix(256)], as: UTF8.self))
    }
}

// MARK: - Encoding

extension Parser {
    private mutating func validateEncoding() throws(TOMLError) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { throw error(.utf16) }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            goToLine(of: error.byteOffsets.lowerBound)
            throw self.error(.invalidUTF8, at: error.byteOffsets.lowerBound)
        }
    }

    private mutating func goToLine(of offset: Int) {
        skipByteOrderMark()
        while index < offset {
            index += 1
            if bytes[index - 1] == Byte.lineFeed { startLine() }
        }
    }

    /// A byte order mark may begin the file and is not a character of it.
    private mutating func skipByteOrderMark() {
        guard bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
        index = 3
        lineStart = 3
        knownOffset = 3
    }
}

/// The characters that TOML gives a meaning.
enum Byte {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let apostrophe = UInt8(ascii: "'")
    static let plus = UInt8(ascii: "+")
    static let comma = UInt8(ascii: ",")
    static let minus = UInt8(ascii: "-")
    static let dot = UInt8(ascii: ".")
    static let colon = UInt8(ascii: ":")
    static let equals = UInt8(ascii: "=")
    static let openBracket = UInt8(ascii: "[")
    static let backslash = UInt8(ascii: "\\")
    static let closeBracket = UInt8(ascii: "]")
    static let underscore = UInt8(ascii: "_")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")

    /// Controls that strings and comments refuse; newlines are looked at before.
    static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != tab) || byte == 0x7F }

    static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    static func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 }

    static func isBareKey(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == underscore || byte == minus
    }

    static func isWord(_ byte: UInt8) -> Bool {
        isBareKey(byte) || byte == plus || byte == dot || byte == colon
    }
}
