import Primitives

/// Parses Go's regular expressions (RE2 syntax).
struct RegularExpressionParser {
    typealias Node = RegularExpressionNode

    /// The flags of `(?ismU)`, which apply up to the end of the group.
    struct Flags {
        var foldsCase = false
        var isMultiLine = false
        var dotMatchesNewline = false
        var swapsGreed = false
    }

    /// A group that is still open, or the whole expression.
    private struct Group {
        /// Nil for the whole and for groups that capture nothing.
        let capture: Int?
        /// The flags to go back to at its end.
        let outerFlags: Flags
        var alternatives: [Node] = []
        var sequence: [Node] = []
    }

    struct Result {
        let root: Node
        /// The name of each group, the whole match first; empty where it has none.
        let names: [[UInt8]]
    }

    // The limits are Go's.
    private static let greatestHeight = 1000
    private static let greatestSize = (128 << 20) / 40
    private static let greatestCount = 1000

    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0
    var flags = Flags()
    var names: [[UInt8]] = [[]]
    private var groups = [Group(capture: nil, outerFlags: Flags())]
    /// The start of the repetition operator that was read last; nil once anything else was read.
    private var lastRepetition: Int?

    static func parse(_ pattern: [UInt8]) throws(RegularExpressionError) -> Result {
        try pattern.withUnsafeBufferPointer { bytes throws(RegularExpressionError) in
            var parser = RegularExpressionParser(bytes: bytes)
            return try parser.parseAll()
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    // MARK: - Reading

    var isAtEnd: Bool { position == bytes.count }

    /// The byte `offset` bytes ahead, nil behind the end.
    func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    mutating func next() throws(RegularExpressionError) -> UInt32 {
        let (scalar, width) = UTF8Scanner.decode(bytes, at: position)
        if scalar == UTF8Scanner.replacement && width == 1 { throw failure(.invalidUTF8, from: position) }
        position += width
        return scalar
    }

    /// The error about the bytes from `start` to `end`.
    func failure(
        _ kind: RegularExpressionError.Kind, from start: Int, to end: Int? = nil
    ) -> RegularExpressionError {
        RegularExpressionError(
            kind: kind, expression: Array(bytes[start..<(end ?? bytes.count)]))
    }

    /// Fails if the bytes from `start` to `end` are not UTF-8.
    func checkUTF8(from start: Int, to end: Int) throws(RegularExpressionError) {
        if let offset = UTF8Scanner.firstInvalid(UnsafeBufferPointer(rebasing: bytes[start..<end])) {
            throw failure(.invalidUTF8, from: start + offset, to: end)
        }
    }

    // MARK: - The grammar

    /// `alternation: sequence { "|" sequence }`, `sequence: { item }`.
    private mutating func parseAll() throws(RegularExpressionError) -> Result {
        while !isAtEnd { try parseItem() }
        guard groups.count == 1 else { throw failure(.missingParenthesis, from: 0) }
        return Result(root: try finish(groups[0]), names: names)
    }

    private mutating func parseItem() throws(RegularExpressionError) {
        let start = position
        let repetition = lastRepetition
        lastRepetition = nil
        switch bytes[position] {
        case UInt8(ascii: "("):
            if peek(1) == UInt8(ascii: "?") {
                try parseFlags()
            } else {
                position += 1
                openGroup(name: [])
            }
        case UInt8(ascii: "|"):
            position += 1
            let sequence = try checked(.concatenation(groups[groups.count - 1].sequence))
            groups[groups.count - 1].alternatives.append(sequence)
            groups[groups.count - 1].sequence = []
        case UInt8(ascii: ")"):
            try closeGroup()
        case UInt8(ascii: "^"):
            position += 1
            push(.assertion(flags.isMultiLine ? .lineStart : .textStart))
        case UInt8(ascii: "$"):
            position += 1
            push(.assertion(flags.isMultiLine ? .lineEnd : .textEnd))
        case UInt8(ascii: "."):
            position += 1
            push(.set(flags.dotMatchesNewline ? Self.anything : Self.anythingButNewline))
        case UInt8(ascii: "["):
            push(set: try parseClass())
        case UInt8(ascii: "*"):
            try parseRepetition(minimum: 0, maximum: nil, width: 1, after: repetition)
        case UInt8(ascii: "+"):
            try parseRepetition(minimum: 1, maximum: nil, width: 1, after: repetition)
        case UInt8(ascii: "?"):
            try parseRepetition(minimum: 0, maximum: 1, width: 1, after: repetition)
        case UInt8(ascii: "{"):
            guard let count = parseCount() else {
                push(scalar: try next())
                return
            }
            if !count.isValid { throw failure(.invalidRepeatCount, from: start, to: start + count.width) }
            try parseRepetition(
                minimum: count.minimum, maximum: count.maximum, width: count.width, after: repetition, isCounted: true)
        case UInt8(ascii: "\\"):
            try parseBackslash()
        default:
            push(scalar: try next())
        }
    }

    private static let anything = CharacterSet(0...CharacterSet.highest)
    private static let anythingButNewline = CharacterSet(0...0x09, 0x0B...CharacterSet.highest)

    // MARK: - Building the tree

    func checked(_ node: Node) throws(RegularExpressionError) -> Node {
        if node.size > Self.greatestSize { throw failure(.tooLarge, from: 0) }
        if node.height > Self.greatestHeight { throw failure(.nestsTooDeeply, from: 0) }
        return node
    }

    mutating func push(_ kind: Node.Kind) { groups[groups.count - 1].sequence.append(Node(kind)) }

    mutating func push(scalar: UInt32) {
        if flags.foldsCase { push(set: CharacterSet(scalar, foldsCase: true)) } else { push(.scalar(scalar)) }
    }

    mutating func push(set: CharacterSet) {
        if let scalar = set.single { push(.scalar(scalar)) } else { push(.set(set)) }
    }

    mutating func openGroup(name: [UInt8]?) {
        if let name { names.append(name) }
        groups.append(Group(capture: name == nil ? nil : names.count - 1, outerFlags: flags))
    }

    private mutating func closeGroup() throws(RegularExpressionError) {
        guard groups.count > 1 else { throw failure(.unexpectedParenthesis, from: 0) }
        position += 1
        let group = groups.removeLast()
        flags = group.outerFlags
        var node = try finish(group)
        if let capture = group.capture { node = try checked(Node(.capture(capture), [node])) }
        groups[groups.count - 1].sequence.append(node)
    }

    private func finish(_ group: Group) throws(RegularExpressionError) -> Node {
        let sequence = try checked(Node.concatenation(group.sequence))
        return group.alternatives.isEmpty ? sequence : try checked(.alternation(group.alternatives + [sequence]))
    }

    // MARK: - Repetitions

    /// `item ( "*" | "+" | "?" | count ) [ "?" ]`; the operator, `width` bytes wide, is at the position.
    private mutating func parseRepetition(
        minimum: Int, maximum: Int?, width: Int, after lastStart: Int?, isCounted: Bool = false
    ) throws(RegularExpressionError) {
        let start = position
        position += width
        var isGreedy = !flags.swapsGreed
        if peek() == UInt8(ascii: "?") {
            position += 1
            isGreedy.toggle()
        }
        // Perl has no stacked operators: a** is an error, a++ means something else.
        if let lastStart { throw failure(.nestedRepetition, from: lastStart, to: position) }
        guard let item = groups[groups.count - 1].sequence.popLast() else {
            throw failure(.missingRepeatArgument, from: start, to: position)
        }
        let node = try checked(
            Node(
                .repetition(minimum: minimum, maximum: maximum, isGreedy: isGreedy), [item], countsCopies: isCounted))
        if isCounted, max(minimum, maximum ?? 0) >= 2, node.copies > Self.greatestCount {
            throw failure(.invalidRepeatCount, from: start, to: position)
        }
        groups[groups.count - 1].sequence.append(node)
        lastRepetition = start
    }

    /// `"{" minimum [ "," [ maximum ] ] "}"`; nil, and nothing read, if the text is not of that form.
    private func parseCount() -> (minimum: Int, maximum: Int?, width: Int, isValid: Bool)? {
        var offset = 1
        guard let minimum = parseNumber(&offset) else { return nil }
        var maximum: Int? = minimum
        if peek(offset) == UInt8(ascii: ",") {
            offset += 1
            if peek(offset) == UInt8(ascii: "}") {
                maximum = nil
            } else {
                guard let number = parseNumber(&offset) else { return nil }
                maximum = number
            }
        }
        guard peek(offset) == UInt8(ascii: "}") else { return nil }
        let isValid =
            minimum <= Self.greatestCount && (maximum ?? minimum) <= Self.greatestCount
            && (maximum ?? minimum) >= minimum
        return (minimum, maximum, offset + 1, isValid)
    }

    /// A decimal number without leading zeros, at most 100,000,000, which is above all limits.
    private func parseNumber(_ offset: inout Int) -> Int? {
        func digit(_ offset: Int) -> Int? {
            guard let byte = peek(offset), byte >= 0x30, byte <= 0x39 else { return nil }
            return Int(byte - 0x30)
        }
        guard var number = digit(offset) else { return nil }
        if number == 0, digit(offset + 1) != nil { return nil }
        offset += 1
        while let digit = digit(offset) {
            number = min(number * 10 + digit, 100_000_000)
            offset += 1
        }
        return number
    }
}
