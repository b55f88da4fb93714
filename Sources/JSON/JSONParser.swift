import Primitives

/// Reads JSON text (RFC 8259) into a tape, without recursion:
///
///     value  = object | array | string | number | 'null' | 'true' | 'false'
///     object = '{' [ string ':' value { ',' string ':' value } ] '}'
///     array  = '[' [ value { ',' value } ] ']'
struct JSONParser {
    /// How deep arrays and objects may nest, as in Go.
    static let maximumDepth = 10_000

    let input: UnsafeBufferPointer<UInt8>
    var offset = 0
    /// The tape, and how many tokens are on it.
    private var tokens: UnsafeMutablePointer<JSONToken>
    private(set) var count = 0
    private var capacity: Int
    /// The memory that the tape has moved to, nil if the given memory was large enough.
    private(set) var grown: JSONTapeMemory?
    var unescaped: [UInt8] = []
    /// The first number that is too large for a `float64`.
    var outOfRange: Int?
    /// The innermost array or object that is not closed. Until it is, its `next` holds the one around it.
    private var open = JSONParser.none
    private var isInObject = false
    /// The elements or members so far of the open one; those of the enclosing ones are counted in their tokens.
    private var openCount = 0
    private var depth = 0

    private enum State { case value, key, afterValue, end }

    /// Writes to `memory`, which has to live as long as the parser.
    init(_ input: UnsafeBufferPointer<UInt8>, _ memory: JSONTapeMemory) {
        self.input = input
        tokens = memory.start
        capacity = memory.capacity
    }

    /// Reads the one value that the input must be.
    mutating func run() throws(JSONError) {
        guard input.count < UInt32.max else { throw JSONError(kind: .tooLong, offset: 0) }
        var state = State.value
        while true {
            switch state {
            case .value: state = try value()
            case .key: state = try key()
            case .afterValue: state = try afterValue()
            case .end: return
            }
        }
    }

    private mutating func value() throws(JSONError) -> State {
        switch try nextByte() {
        case UInt8(ascii: "{"): return try begin(.object, endingIn: UInt8(ascii: "}"), then: .key)
        case UInt8(ascii: "["): return try begin(.array, endingIn: UInt8(ascii: "]"), then: .value)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "n"): try literal("null", .null)
        case UInt8(ascii: "t"): try literal("true", .true)
        case UInt8(ascii: "f"): try literal("false", .false)
        default: throw invalidCharacter(.beforeValue)
        }
        return .afterValue
    }

    /// Reads a key and the colon.
    private mutating func key() throws(JSONError) -> State {
        guard try nextByte() == UInt8(ascii: "\"") else { throw invalidCharacter(.beforeKey) }
        try string()
        guard try nextByte() == UInt8(ascii: ":") else { throw invalidCharacter(.afterKey) }
        offset += 1
        return .value
    }

    /// Reads what comes between values, or closes the array or object.
    private mutating func afterValue() throws(JSONError) -> State {
        if open == Self.none {
            skipSpace()
            if offset < input.count { throw invalidCharacter(.afterEverything) }
            return .end
        }
        openCount += 1
        switch try nextByte() {
        case UInt8(ascii: ","):
            offset += 1
            return isInObject ? .key : .value
        case UInt8(ascii: "}") where isInObject, UInt8(ascii: "]") where !isInObject:
            offset += 1
            close()
            return .afterValue
        default: throw invalidCharacter(isInObject ? .afterMember : .afterElement)
        }
    }

    private mutating func begin(
        _ kind: JSONToken.Kind, endingIn end: UInt8, then state: State
    ) throws(JSONError) -> State {
        if depth == Self.maximumDepth { throw JSONError(kind: .tooDeep, offset: offset) }
        depth += 1
        if open != Self.none { tokens[open].length = UInt32(truncatingIfNeeded: openCount) }
        append(JSONToken(kind, start: offset, length: 0, next: open))
        open = count - 1
        openCount = 0
        isInObject = kind == .object
        offset += 1
        guard try nextByte() == end else { return state }
        offset += 1
        close()
        return .afterValue
    }

    /// Closes the open array or object.
    private mutating func close() {
        let parent = Int(tokens[open].next)
        tokens[open].length = UInt32(truncatingIfNeeded: openCount)
        tokens[open].next = UInt32(truncatingIfNeeded: count)
        depth -= 1
        open = parent
        guard parent != Self.none else { return }
        openCount = tokens[parent].count
        isInObject = tokens[parent].kind == .object
    }

    /// Stands for no enclosing array or object; no tape is that long.
    private static let none = Int(UInt32.max)

    private mutating func literal(_ literal: StaticString, _ kind: JSONToken.Kind) throws(JSONError) {
        let start = offset
        for index in 0..<literal.utf8CodeUnitCount {
            guard offset < input.count else { throw JSONError(kind: .unexpectedEnd, offset: offset) }
            let letter = literal.utf8Start[index]
            guard input[offset] == letter else {
                throw invalidCharacter(.inLiteral(literal.description, expecting: letter))
            }
            offset += 1
        }
        append(JSONToken(kind, start: start, length: offset - start, next: count + 1))
    }

    @inline(__always)
    mutating func append(_ token: JSONToken) {
        if count == capacity { grow() }
        tokens[count] = token
        count += 1
    }

    private mutating func grow() {
        let memory = JSONTapeMemory(capacity: 2 * capacity)
        memory.start.update(from: tokens, count: count)
        tokens = memory.start
        capacity = memory.capacity
        grown = memory
    }

    @inline(__always)
    private mutating func skipSpace() {
        while offset < input.count, Self.isSpace(input[offset]) { offset += 1 }
    }

    /// Whether `byte` is a space, a tab, or an end of a line.
    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (1 << 0x20 | 1 << 0x09 | 1 << 0x0A | 1 << 0x0D) as UInt64 &>> UInt64(byte) & 1 == 1
    }

    /// The next byte that is not space, at `offset`.
    @inline(__always)
    private mutating func nextByte() throws(JSONError) -> UInt8 {
        while offset < input.count {
            let byte = input[offset]
            if !Self.isSpace(byte) { return byte }
            offset += 1
        }
        throw JSONError(kind: .unexpectedEnd, offset: offset)
    }

    /// The error about the character at `offset`.
    func invalidCharacter(_ place: JSONError.Place) -> JSONError {
        let length = UTF8Scanner.decode(input, at: offset).width
        return JSONError(kind: .invalidCharacter(Array(input[offset..<offset + length]), place), offset: offset)
    }
}
