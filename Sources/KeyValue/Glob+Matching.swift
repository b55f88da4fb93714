extension Glob {
    /// Whether `name` matches, as Go's `path.Match` has it. The pattern must be well-formed.
    package func matches(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let isPrefixed = literalPrefix.withUnsafeBufferPointer { name.hasPrefix($0) }
        guard isPrefixed, !isLiteral else { return isPrefixed && name.count == literalPrefix.count }
        var start = start
        for (index, element) in elements.enumerated() {
            let isLast = index == elements.count - 1
            let end = isLast && hasTail ? name.count : name.slashOffset(from: start)
            guard element.matches(name.window(start..<end)) else { return false }
            if isLast { return end == name.count }
            if end == name.count { return false }
            start = end + 1
        }
        preconditionFailure("a pattern has at least one element")
    }
}

extension Glob.Element {
    func matches(_ name: Bytes) -> Bool {
        switch self {
        case .literal(let bytes): bytes.withUnsafeBufferPointer { name.equals($0) }
        case .anything: true
        case .pattern(let pattern): pattern.matches(name)
        }
    }

    /// The bytes that every matching name starts with.
    var literalPrefix: [UInt8] {
        switch self {
        case .literal(let bytes): bytes
        case .anything: []
        case .pattern(let pattern): pattern.literalPrefix
        }
    }
}

extension Glob.Pattern {
    /// Go's algorithm: each chunk after a star takes the first place where it fits, and is not moved again.
    func matches(_ name: Bytes) -> Bool {
        var position = 0
        for (index, chunk) in chunks.enumerated() {
            let isLast = index == chunks.count - 1
            if chunk.hasStar, chunk.tokens.isEmpty { return name.slashOffset(from: position) == name.count }
            guard let end = chunk.end(in: name, from: position, mustReachEnd: isLast) else { return false }
            position = end
        }
        return position == name.count
    }
}

extension Glob.Chunk {
    /// Where the chunk ends in `name`, if it is looked for from `position`.
    fileprivate func end(in name: Bytes, from position: Int, mustReachEnd: Bool) -> Int? {
        var start = position
        while true {
            if let end = fit(name, at: start), !mustReachEnd || end == name.count { return end }
            guard hasStar, start < name.count, name[start] != slash else { return nil }
            start += 1
        }
    }

    /// Where the chunk ends if it starts at `start`; nil if it does not fit there.
    private func fit(_ name: Bytes, at start: Int) -> Int? {
        var position = start
        for token in tokens {
            guard position < name.count else { return nil }
            switch token {
            case .byte(let byte):
                guard name[position] == byte else { return nil }
                position += 1
            case .any:
                guard name[position] != slash else { return nil }
                position += decodeRune(name.window(position..<name.count)).length
            case .set(let set):
                let (character, length) = decodeRune(name.window(position..<name.count))
                guard set.contains(character) else { return nil }
                position += length
            }
        }
        return position
    }
}
