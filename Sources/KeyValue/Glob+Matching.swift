import Primitives

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

    /// What each star of the pattern stands for in `name`, which matches, in their order.
    package func captures(in name: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = start
        for (index, element) in elements.enumerated() {
            let isLast = index == elements.count - 1
            let end = isLast && hasTail ? name.count : name.slashOffset(from: start)
            switch element {
            case .literal: break
            case .anything: found.append(start..<end)
            case .pattern(let pattern):
                found += pattern.captures(in: name.window(start..<end)).map {
                    $0.lowerBound + start..<$0.upperBound + start
                }
            }
            start = min(end + 1, name.count)
        }
        return found
    }

    /// How many stars the pattern has; several in a row are one.
    package var starCount: Int { elements.reduce(0) { $0 + $1.starCount } }

    /// Whether all names that match end in the same part.
    package var endsInLiteral: Bool {
        guard let last = elements.last else { return isLiteral }
        if case .literal = last { return true }
        return false
    }
}

extension Glob.Element {
    fileprivate var starCount: Int {
        switch self {
        case .literal: 0
        case .anything: 1
        case .pattern(let pattern): pattern.chunks.count { $0.hasStar }
        }
    }

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
            guard let place = chunk.place(in: name, from: position, mustReachEnd: isLast) else { return false }
            position = place.upperBound
        }
        return position == name.count
    }

    /// What each star stands for in `name`, which matches.
    fileprivate func captures(in name: Bytes) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = 0
        for (index, chunk) in chunks.enumerated() {
            let isLast = index == chunks.count - 1
            if chunk.hasStar, chunk.tokens.isEmpty { return found + [position..<name.count] }
            guard let place = chunk.place(in: name, from: position, mustReachEnd: isLast) else { return found }
            if chunk.hasStar { found.append(position..<place.lowerBound) }
            position = place.upperBound
        }
        return found
    }
}

extension Glob.Chunk {
    /// Where the chunk is in `name`, if it is looked for from `position`.
    fileprivate func place(in name: Bytes, from position: Int, mustReachEnd: Bool) -> Range<Int>? {
        var start = position
        while true {
            if let end = fit(name, at: start), !mustReachEnd || end == name.count { return start..<end }
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
                position += UTF8Scanner.decode(name.window(position..<name.count), at: 0).width
            case .set(let set):
                let (character, length) = UTF8Scanner.decode(name.window(position..<name.count), at: 0)
                guard set.contains(character) else { return nil }
                position += length
            }
        }
        return position
    }
}
