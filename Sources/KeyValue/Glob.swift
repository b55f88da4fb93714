/// A pattern of Go's `path.Match`, taken apart once.
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
    /// What every matching key starts with.
    let literalPrefix: [UInt8]
    /// Whether only the key `literalPrefix` matches.
    let isLiteral: Bool
    /// The elements between slashes.
    let elements: [Element]
    /// Whether the last element is matched against all the rest of the key, slashes included.
    let hasTail: Bool
    /// The number of leading elements that are wholly in `literalPrefix`, with the slash after each.
    let literalElements: Int

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
        var parser = GlobParser(pattern)
        guard let chunks = parser.chunks() else {
            isMalformed = true
            literalPrefix = []
            isLiteral = false
            elements = []
            hasTail = false
            literalElements = 0
            return
        }
        isMalformed = false
        let prefix = Self.literalPrefix(of: chunks)
        literalPrefix = prefix
        isLiteral = chunks.count <= 1 && chunks.allSatisfy { !$0.hasStar && $0.tokens.count == prefix.count }
        (elements, hasTail) = Self.cut(chunks)
        literalElements = isLiteral ? 0 : prefix.count { $0 == slash }
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
