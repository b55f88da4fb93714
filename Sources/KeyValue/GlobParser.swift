import Primitives

/// Reads the syntax of Go's `path.Match`:
///
///     pattern = { term }
///     term    = '*' | '?' | '[' [ '^' ] range { range } ']' | '\' character | character
///     range   = character [ '-' character ]     where a character may follow '\'
struct GlobParser {
    private let pattern: Bytes
    private var offset = 0

    init(_ pattern: Bytes) { self.pattern = pattern }

    /// The chunks between stars; nil for a syntax error.
    mutating func chunks() -> [Glob.Chunk]? {
        var chunks: [Glob.Chunk] = []
        while offset < pattern.count {
            let start = offset
            while offset < pattern.count, pattern[offset] == UInt8(ascii: "*") { offset += 1 }
            let hasStar = offset > start
            guard let tokens = tokens(upTo: chunkEnd()) else { return nil }
            chunks.append(Glob.Chunk(hasStar: hasStar, tokens: tokens))
        }
        return chunks
    }

    /// The offset of the star that ends the chunk. Like Go's scanner it takes the first `]` for the end of
    /// a class, also where the class itself goes on after it.
    private func chunkEnd() -> Int {
        var end = offset
        var isInClass = false
        while end < pattern.count {
            switch pattern[end] {
            case UInt8(ascii: "\\"): if end + 1 < pattern.count { end += 1 }
            case UInt8(ascii: "["): isInClass = true
            case UInt8(ascii: "]"): isInClass = false
            case UInt8(ascii: "*") where !isInClass: return end
            default: break
            }
            end += 1
        }
        return end
    }

    private mutating func tokens(upTo end: Int) -> [Glob.Token]? {
        var tokens: [Glob.Token] = []
        while offset < end {
            let byte = pattern[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "["):
                guard let set = characterSet(upTo: end) else { return nil }
                tokens.append(.set(set))
            case UInt8(ascii: "?"):
                tokens.append(.any)
            case UInt8(ascii: "\\"):
                if offset == end { return nil }
                tokens.append(.byte(pattern[offset]))
                offset += 1
            default:
                tokens.append(.byte(byte))
            }
        }
        return tokens
    }

    private mutating func characterSet(upTo end: Int) -> Glob.CharacterSet? {
        var set = Glob.CharacterSet(isNegated: false, ranges: [])
        if offset < end, pattern[offset] == UInt8(ascii: "^") {
            set.isNegated = true
            offset += 1
        }
        while true {
            if !set.ranges.isEmpty, offset < end, pattern[offset] == UInt8(ascii: "]") {
                offset += 1
                return set
            }
            guard let low = member(upTo: end) else { return nil }
            var high = low
            if pattern[offset] == UInt8(ascii: "-") {
                offset += 1
                guard let member = member(upTo: end) else { return nil }
                high = member
            }
            set.ranges.append((low, high))
        }
    }

    /// One character of a class; something must follow it in the chunk.
    private mutating func member(upTo end: Int) -> UInt32? {
        guard offset < end, pattern[offset] != UInt8(ascii: "-"), pattern[offset] != UInt8(ascii: "]") else {
            return nil
        }
        if pattern[offset] == UInt8(ascii: "\\") {
            offset += 1
            if offset == end { return nil }
        }
        let (character, length) = UTF8Scanner.decode(pattern.window(offset..<end), at: 0)
        if character == UTF8Scanner.replacement, length == 1 { return nil }
        offset += length
        return offset < end ? character : nil
    }
}
