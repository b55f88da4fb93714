/// One value, or one key of an object, of a decoded text.
package struct JSONToken: Sendable {
    package enum Kind: UInt8, Sendable {
        case null, `false`, `true`, number, string, array, object
    }

    package let kind: Kind
    /// Whether `range` is one of `JSONDocument.unescaped` and not of the input.
    package let isUnescaped: Bool
    /// Where the value begins in the input, or a string in `JSONDocument.unescaped`, without its quotes.
    package let start: UInt32
    /// The bytes of a string, number or literal; the elements of an array, the members of an object.
    package internal(set) var length: UInt32
    /// The index of the token after this one and all it contains.
    var next: UInt32
    /// The value of a number.
    package let number: Double

    @inline(__always)
    init(
        _ kind: Kind, start: Int, length: Int, next: Int, isUnescaped: Bool = false, number: Double = 0
    ) {
        self.kind = kind
        self.isUnescaped = isUnescaped
        self.start = UInt32(truncatingIfNeeded: start)
        self.length = UInt32(truncatingIfNeeded: length)
        self.next = UInt32(truncatingIfNeeded: next)
        self.number = number
    }

    /// The bytes of a string without its quotes, or of a number or literal as it is written.
    package var range: Range<Int> { Int(start)..<Int(start) + Int(length) }

    /// Where the value begins in the input.
    package var offset: Int { Int(start) }

    /// The number of elements of an array, of members of an object.
    package var count: Int { Int(length) }

    /// The index of the token after this one and all it contains.
    package var end: Int { Int(next) }
}

/// Decoded JSON text: a tape of tokens in the order of the text.
///
/// Token 0 is the whole value. The elements of an array follow it: the first is the next token, and each further
/// one is at the `end` of the one before. The members of an object likewise, each a key (a string) and the
/// value right after it. Of members with one key Go keeps the last. Strings without escapes are ranges of the
/// input, which the document does not keep.
package struct JSONDocument: Sendable {
    /// Where the tape is, used again by the next text.
    private var memory = JSONTapeMemory(capacity: 0)
    private var count = 0
    /// The bytes of strings that differ from how they are written: those with escapes or with bytes that are not
    /// UTF-8, which become U+FFFD.
    package private(set) var unescaped: [UInt8] = []
    /// The first number that is too large for a `float64`.
    private var outOfRange: Int?

    /// An empty document, to parse into.
    package init() {}

    /// Decodes `input`, which is checked to be JSON but may hold anything. Numbers out of range are an error of
    /// `require`, as Go checks all syntax first.
    package init(parsing input: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        try parse(input)
    }

    /// Decodes `input` in place of what the document held, in the same memory.
    package mutating func parse(_ input: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        // One token for eight bytes is a guess that avoids most reallocations.
        let likely = max(16, input.count / 8)
        if memory.capacity < likely || !isKnownUniquelyReferenced(&memory) { memory = JSONTapeMemory(capacity: likely) }
        count = 0
        outOfRange = nil
        if !unescaped.isEmpty { unescaped.removeAll(keepingCapacity: true) }
        var parser = JSONParser(input, memory)
        swap(&parser.unescaped, &unescaped)
        try parser.run()
        swap(&parser.unescaped, &unescaped)
        if let grown = parser.grown { memory = grown }
        count = parser.count
        outOfRange = parser.outOfRange
    }

    /// The tape.
    package var tokens: JSONTape { JSONTape(memory, count: count) }

    /// The first token in place, valid as long as this document lives and parses nothing more.
    package var firstToken: UnsafePointer<JSONToken> { UnsafePointer(memory.start) }

    /// The bytes of the string at `index`; `input` is what was parsed.
    @inlinable
    package func withString<Result, Failure: Error>(
        at index: Int, in input: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let token = tokens[index]
        if !token.isUnescaped { return try body(UnsafeBufferPointer(rebasing: input[token.range])) }
        return try unescaped.withUnsafeBufferPointer { bytes throws(Failure) in
            try body(UnsafeBufferPointer(rebasing: bytes[token.range]))
        }
    }

    /// The indices of the elements of the array at `index`.
    package func elements(of index: Int) -> [Int] {
        var next = index + 1
        return (0..<tokens[index].count).map { _ in
            defer { next = tokens[next].end }
            return next
        }
    }

    /// The indices of the keys of the object at `index`; the value is the token after its key.
    package func keys(of index: Int) -> [Int] {
        var next = index + 1
        return (0..<tokens[index].count).map { _ in
            defer { next = tokens[next + 1].end }
            return next
        }
    }

    /// Throws Go's error if the whole value does not fit `target`, or else if a number in it does not fit a `float64`.
    /// Null fits anything; as an object or array it is Go's nil. `input` is what was parsed.
    package func require(_ target: JSONTarget, in input: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        let whole = memory.start.pointee
        let fits =
            switch (target, whole.kind) {
            case (.any, _), (.object, .object), (.array, .array), (_, .null): true
            case (.object, _), (.array, _): false
            }
        if !fits { throw JSONError(kind: .mismatch(found: whole.kind, wanted: target), offset: whole.offset) }
        if let outOfRange {
            let text = String(decoding: input[tokens[outOfRange].range], as: UTF8.self)
            throw JSONError(
                kind: .outOfRange(number: text, path: path(to: outOfRange, in: input)),
                offset: tokens[outOfRange].offset)
        }
    }

    /// The keys and indices that lead to the token at `target`.
    private func path(to target: Int, in input: UnsafeBufferPointer<UInt8>) -> [String] {
        var path: [String] = []
        var container = 0
        while container != target {
            var next = container + 1
            if tokens[container].kind == .array {
                var index = 0
                while tokens[next].end <= target {
                    next = tokens[next].end
                    index += 1
                }
                path.append(String(index))
            } else {
                while tokens[next + 1].end <= target { next = tokens[next + 1].end }
                path.append(withString(at: next, in: input) { String(decoding: $0, as: UTF8.self) })
                next += 1
            }
            container = next
        }
        return path
    }
}
