/// A pattern of Go's `path.Match`, parsed once.
///
/// Go matches chunks: what stands between stars. Here the pattern is also cut at its slashes, so that
/// keys can be matched element by element and whole subtrees passed over: neither `*` nor `?` matches a
/// slash, so each slash of the pattern can only match the slash of the key that ends the same element.
/// A character class can match a slash (`[^a]` does); from the element that holds such a class on, the
/// pattern is not cut but matched against all the rest of the key.
package struct Glob: Sendable {
    /// Whether the pattern has a syntax error. As Go checks all of a pattern whether or not it matches
    /// (since 1.16), such a pattern fails for every key.
    package let isMalformed: Bool
    /// The bytes that every matching key starts with.
    let literalPrefix: [UInt8]
    /// Whether only the key `literalPrefix` matches; then there are no elements.
    let isLiteral: Bool
    /// The number of bytes of `literalPrefix` up to and with its last slash.
    let start: Int
    /// The patterns for the elements of a key from `start` on.
    let elements: [Element]
    /// Whether the last element is matched against all the rest of the key, slashes included.
    let hasTail: Bool

    enum Element: Sendable {
        case literal([UInt8])
        /// A lone `*`.
        case anything
        case pattern(Pattern)
    }

    /// One element, or the tail, as Go matches it.
    struct Pattern: Sendable {
        let literalPrefix: [UInt8]
        let chunks: [Chunk]
    }

    /// A run of tokens that each match one character, after a star or not.
    struct Chunk: Sendable {
        var hasStar: Bool
        var tokens: [Token]
    }

    enum Token: Sendable {
        case byte(UInt8)
        case any
        case set(CharacterSet)
    }

    struct CharacterSet: Sendable {
        var isNegated: Bool
        var ranges: [(low: UInt32, high: UInt32)]

        func contains(_ character: UInt32) -> Bool {
            ranges.contains { $0.low <= character && character <= $0.high } != isNegated
        }
    }

    package init(_ pattern: UnsafeBufferPointer<UInt8>) {
        // All up to the last slash before the first special character is literal and needs no parsing.
        var special = 0
        var head = 0
        while special < pattern.count, !Self.isSpecial(pattern[special]) {
            special += 1
            if pattern[special - 1] == slash { head = special }
        }
        if head == pattern.count - 1, pattern[head] == UInt8(ascii: "*") {
            // A fast path for `/directory/*`, the commonest pattern; the code below gives the same result.
            isMalformed = false
            literalPrefix = Array(pattern.window(0..<head))
            isLiteral = false
            start = head
            elements = Self.anyName
            hasTail = false
            return
        }
        var parser = GlobParser(pattern.window(head..<pattern.count))
        let chunks = parser.chunks()
        let rest = Self.literalPrefix(of: chunks ?? [])
        let prefix = Array(pattern.window(0..<head)) + rest
        isMalformed = chunks == nil
        literalPrefix = isMalformed ? [] : prefix
        if let chunks, !chunks.allSatisfy({ !$0.hasStar && $0.tokens.count == rest.count }) {
            let (elements, hasTail) = Self.cut(chunks)
            isLiteral = false
            start = prefix.lastIndex(of: slash).map { $0 + 1 } ?? 0
            self.elements = Array(elements.dropFirst(rest.count { $0 == slash }))
            self.hasTail = hasTail
        } else {
            isLiteral = true
            start = 0
            elements = []
            hasTail = false
        }
    }

    private static let anyName = [Element.anything]

    /// Whether all that follows the literal prefix, which is a directory, is a lone star.
    var isAnyName: Bool {
        guard start == literalPrefix.count, elements.count == 1, !hasTail, case .anything = elements[0] else {
            return false
        }
        return true
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "\\"): true
        default: false
        }
    }

    private static func literalPrefix(of chunks: [Chunk]) -> [UInt8] {
        guard let first = chunks.first, !first.hasStar else { return [] }
        var prefix: [UInt8] = []
        for token in first.tokens {
            guard case .byte(let byte) = token else { break }
            prefix.append(byte)
        }
        return prefix
    }

    /// Cuts at slashes, up to the first class that can match one.
    private static func cut(_ chunks: [Chunk]) -> (elements: [Element], hasTail: Bool) {
        var elements: [Element] = []
        var current: [Chunk] = []
        var hasTail = false
        for chunk in chunks {
            if chunk.hasStar || current.isEmpty { current.append(Chunk(hasStar: chunk.hasStar, tokens: [])) }
            for token in chunk.tokens {
                switch token {
                case .byte(slash) where !hasTail:
                    elements.append(element(current))
                    current = [Chunk(hasStar: false, tokens: [])]
                    continue
                case .set(let set) where set.contains(UInt32(slash)): hasTail = true
                case .byte, .any, .set: break
                }
                current[current.count - 1].tokens.append(token)
            }
        }
        elements.append(element(current))
        return (elements, hasTail)
    }

    private static func element(_ chunks: [Chunk]) -> Element {
        // A star after a slash leaves the empty chunk that was begun at the slash.
        let chunks = chunks.filter { $0.hasStar || !$0.tokens.isEmpty }
        let prefix = literalPrefix(of: chunks)
        if chunks.count <= 1 {
            guard let only = chunks.first else { return .literal([]) }
            if only.hasStar, only.tokens.isEmpty { return .anything }
            if !only.hasStar, only.tokens.count == prefix.count { return .literal(prefix) }
        }
        return .pattern(Pattern(literalPrefix: prefix, chunks: chunks))
    }
}
