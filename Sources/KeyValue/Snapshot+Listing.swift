extension Snapshot {
    /// The names right below `path` (confd's `ls`), in ascending order: of keys, and of what has keys
    /// below it; and the last element of `path` itself if that is a key. As in confd, `/` lists only keys,
    /// and what precedes the names is cut off as `path` is written, so that an unclean `path` yields names
    /// counted from the root.
    package func children(of path: UnsafeBufferPointer<UInt8>) -> [Window] {
        var listing = Listing(snapshot: self, path: path)
        listing.children()
        return listing.sortedNames()
    }

    /// The names right below `path` that have keys below them (confd's `lsdir`), in ascending order. As in
    /// confd, only keys that start with `path` as it is written count, and `/` lists nothing.
    package func directories(of path: UnsafeBufferPointer<UInt8>) -> [Window] {
        var listing = Listing(snapshot: self, path: path)
        listing.directories()
        return listing.sortedNames()
    }
}

/// One `ls` or `lsdir`.
///
/// Both are defined by cleaned paths. The clean keys of a listing form one range, which is walked from child to
/// child: each child's subtree is skipped. Unclean keys, which no view has, are looked at one by one.
private struct Listing {
    let snapshot: Snapshot
    let path: Bytes
    /// `path` cleaned, and with a slash after it.
    private let cleaned: [UInt8]
    private let below: [UInt8]
    private var names: [Window] = []

    init(snapshot: Snapshot, path: Bytes) {
        self.snapshot = snapshot
        self.path = path
        cleaned = Path.cleaned(path)
        below = cleaned == [slash] ? cleaned : cleaned + [slash]
    }

    private var isRoot: Bool { cleaned == [slash] }

    mutating func children() {
        if isRoot {
            topLevelKeys()
        } else if cleaned.first == slash {
            if let index = snapshot.find(path), !snapshot.isUnclean(index) { addBase(index) }
            let range = below.withUnsafeBufferPointer { snapshot.range(ofPrefix: $0) }
            let written = keysAsWritten(in: range)
            // Names of keys that do not start with `path` count from the root, so they are all the same.
            if let index = firstClean(range.lowerBound..<written.lowerBound)
                ?? firstClean(written.upperBound..<range.upperBound)
            {
                add(index, 1..<snapshot.keyBytes(index).slashOffset(from: 1))
            }
            walk(written, from: path.count, directoriesOnly: false)
        }
        for index in snapshot.unclean { addUncleanChild(index) }
    }

    mutating func directories() {
        if isRoot || cleaned.first != slash {
            // Nothing clean lies below a relative path; and that the root sees nothing is confd's own way.
        } else {
            let range = below.withUnsafeBufferPointer { snapshot.range(ofPrefix: $0) }
            walk(keysAsWritten(in: range), from: below.count, directoriesOnly: true)
        }
        for index in snapshot.unclean { addUncleanDirectory(index) }
    }

    func sortedNames() -> [Window] {
        let isSorted = zip(names, names.dropFirst()).allSatisfy { $0 < $1 }
        if isSorted { return names }
        var distinct: [Window] = []
        for name in names.sorted() where distinct.last != name { distinct.append(name) }
        return distinct
    }

    /// The part of `range` whose keys start with `path` as it is written.
    private func keysAsWritten(in range: Range<Int>) -> Range<Int> {
        let written = snapshot.range(ofPrefix: path)
        return written.overlaps(range) ? written.clamped(to: range) : range.upperBound..<range.upperBound
    }

    private mutating func add(_ index: Int, _ range: Range<Int>) {
        names.append(snapshot.key(at: index)[range])
    }

    /// Adds the first element after `offset` of each key in `range`.
    private mutating func walk(_ range: Range<Int>, from offset: Int, directoriesOnly: Bool) {
        var index = range.lowerBound
        while index < range.upperBound {
            if snapshot.isUnclean(index) {
                index += 1
                continue
            }
            let key = snapshot.keyBytes(index)
            let start = offset < key.count && key[offset] == slash ? offset + 1 : offset
            let end = key.slashOffset(from: start)
            if end < key.count {
                add(index, start..<end)
                index = snapshot.indexPast(index, sharing: end + 1, in: range)
            } else {
                if !directoriesOnly { add(index, start..<end) }
                index += 1
            }
        }
    }

    /// Adds the keys with a single element.
    private mutating func topLevelKeys() {
        let range = below.withUnsafeBufferPointer { snapshot.range(ofPrefix: $0) }
        var index = range.lowerBound
        while index < range.upperBound {
            let key = snapshot.keyBytes(index)
            let end = key.slashOffset(from: 1)
            if snapshot.isUnclean(index) {
                index += 1
            } else if end < key.count {
                index = snapshot.indexPast(index, sharing: end + 1, in: range)
            } else {
                add(index, (key.hasPrefix(path) ? path.count : 1)..<key.count)
                index += 1
            }
        }
    }

    private func firstClean(_ range: Range<Int>) -> Int? { range.first { !snapshot.isUnclean($0) } }
}

// MARK: - Unclean keys

extension Listing {
    private mutating func addUncleanChild(_ index: Int) {
        let key = snapshot.keyBytes(index)
        if key.equals(path) {
            addBase(index)
        } else if parent(of: key, isAtOrBelow: cleaned) {
            var start = key.hasPrefix(path) ? path.count : 0
            if start < key.count, key[start] == slash { start += 1 }
            add(index, start..<key.slashOffset(from: start))
        }
    }

    private mutating func addUncleanDirectory(_ index: Int) {
        let key = snapshot.keyBytes(index)
        guard key.hasPrefix(path), !isRoot else { return }
        let directory = Path.dir(key).array(of: key)
        guard directory.count > below.count, directory.starts(with: below) else { return }
        let name = Array(directory[below.count...].prefix { $0 != slash })
        names.append(Window(copying: name))
    }

    private mutating func addBase(_ index: Int) {
        let key = snapshot.keyBytes(index)
        switch Path.base(key) {
        case .range(let range): add(index, range)
        case .bytes(let bytes): names.append(Window(copying: bytes))
        }
    }

    /// Whether the directory of `key` is `directory` or lies below it, both cleaned.
    private func parent(of key: Bytes, isAtOrBelow directory: [UInt8]) -> Bool {
        let parent = Path.dir(key).array(of: key)
        // Cut at its slash, the root is two empty elements, which no other path starts with.
        return parent == directory || (!isRoot && parent.starts(with: below))
    }
}

extension Window {
    /// A window into a copy of `bytes`.
    init(copying bytes: [UInt8]) {
        let chunk = AdoptedChunk(bytes)
        self.init(owner: chunk, base: chunk.start, count: bytes.count)
    }
}
