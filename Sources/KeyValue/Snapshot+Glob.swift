extension Snapshot {
    /// The indices of the keys that match `pattern` as Go's `path.Match` has it (confd's `gets`), in
    /// ascending order. Throws for a malformed pattern, but only if there is any key (as confd does).
    package func glob(_ pattern: UnsafeBufferPointer<UInt8>) throws(PatternError) -> [Range<Int>] {
        try glob(Glob(pattern))
    }

    /// The indices of the keys that match `glob`, as above. `hint` is an index near which the first may be,
    /// which makes matching one subtree after the other quick.
    ///
    /// Only keys that start with the literal prefix are looked at, and of these a subtree that cannot
    /// match is passed over in a time that grows with the logarithm of its size.
    package func glob(_ glob: Glob, near hint: Int = 0) throws(PatternError) -> [Range<Int>] {
        if isEmpty { return [] }
        if glob.isMalformed { throw PatternError() }
        if glob.isLiteral {
            return glob.literalPrefix.withUnsafeBufferPointer { find($0, near: hint) }.map { [$0..<$0 + 1] } ?? []
        }
        let range = glob.literalPrefix.withUnsafeBufferPointer { self.range(ofPrefix: $0, near: hint) }
        if range.isEmpty { return [] }
        if glob.isAnyName {
            var found: [Range<Int>] = []
            appendNames(in: range, after: glob.start, to: &found)
            return found
        }
        var walk = GlobWalk(snapshot: self, glob: glob, range: range)
        return walk.run()
    }
}

extension Snapshot {
    /// Adds the keys of `range`, which share `start` bytes, that have no slash after these.
    fileprivate func appendNames(in range: Range<Int>, after start: Int, to found: inout [Range<Int>]) {
        var first = range.lowerBound
        var index = first
        while index < range.upperBound {
            let key = keyBytes(index)
            let end = key.slashOffset(from: start)
            if end == key.count {
                index += 1
                continue
            }
            if first < index { found.add(first..<index) }
            index = indexPast(index, sharing: end + 1, in: range)
            first = index
        }
        if first < index { found.add(first..<index) }
    }
}

extension [Range<Int>] {
    /// Adds a range that lies behind the others, to the last one if it begins where that ends.
    fileprivate mutating func add(_ range: Range<Int>) {
        if let last, last.upperBound == range.lowerBound {
            self[count - 1] = last.lowerBound..<range.upperBound
        } else {
            append(range)
        }
    }
}

/// Goes through the keys of a range and finds those that match.
private struct GlobWalk {
    let snapshot: Snapshot
    let glob: Glob
    let range: Range<Int>
    /// Where, in the key last looked at, the elements start that were reached: all elements before them
    /// match.
    private var starts: [Int]
    private var index: Int
    private var found: [Range<Int>] = []

    init(snapshot: Snapshot, glob: Glob, range: Range<Int>) {
        self.snapshot = snapshot
        self.glob = glob
        self.range = range
        index = range.lowerBound
        starts = [glob.start]
    }

    mutating func run() -> [Range<Int>] {
        var previous = snapshot.keyBytes(index)
        while index < range.upperBound {
            let key = snapshot.keyBytes(index)
            // Elements that the key shares with the one before are matched already.
            while starts.count > 1, let start = starts.last,
                key.count < start || commonCount(previous.start, key.start, limit: start) < start
            {
                starts.removeLast()
            }
            index = next(after: key)
            previous = key
        }
        return found
    }

    /// Matches `key`, the one at `index`, and says which index to look at next.
    private mutating func next(after key: Bytes) -> Int {
        while true {
            let number = starts.count - 1
            let start = starts[number]
            let element = glob.elements[number]
            let isLast = number == glob.elements.count - 1
            if isLast, glob.hasTail {
                if element.matches(key.window(start..<key.count)) { found.add(index..<index + 1) }
                return index + 1
            }
            if isLast, case .anything = element {
                let end = past(sharing: start)
                snapshot.appendNames(in: index..<end, after: start, to: &found)
                return end
            }
            let end = key.slashOffset(from: start)
            guard element.matches(key.window(start..<end)) else {
                return skip(element, isLast: isLast, key: key, start: start, end: end)
            }
            if isLast {
                if end < key.count { return past(sharing: end + 1) }
                found.add(index..<index + 1)
                return index + 1
            }
            if end == key.count { return index + 1 }
            starts.append(end + 1)
        }
    }

    /// The next index that can match if the element of `key` from `start` to `end` does not.
    private func skip(_ element: Glob.Element, isLast: Bool, key: Bytes, start: Int, end: Int) -> Int {
        let prefix = element.literalPrefix
        return prefix.withUnsafeBufferPointer { prefix in
            let rest = key.window(start..<key.count)
            if !rest.hasPrefix(prefix) {
                // Among the keys with the same parent, those that start with the prefix stand together.
                return rest.order(to: prefix) < 0 ? seek(parent: key.window(0..<start), prefix) : past(sharing: start)
            }
            if case .literal = element, isLast { return past(sharing: start) }
            return end < key.count ? past(sharing: end + 1) : index + 1
        }
    }

    private func past(sharing length: Int) -> Int {
        length == 0 ? range.upperBound : snapshot.indexPast(index, sharing: length, in: range)
    }

    /// The first index after this one whose key is not before `parent` followed by `prefix`.
    private func seek(parent: Bytes, _ prefix: Bytes) -> Int {
        snapshot.gallop(in: index + 1..<range.upperBound) { candidate in
            let key = snapshot.keyBytes(candidate)
            // All keys from `index` on are at or after the parent.
            guard key.hasPrefix(parent) else { return false }
            return key.window(parent.count..<key.count).order(to: prefix) < 0
        }
    }
}
