extension Snapshot {
    /// What a resource sees: the keys that `ranges` cover, with `prefix` stripped (confd's
    /// `path.Join("/", strings.TrimPrefix(key, prefix))`). Shares storage with this snapshot.
    ///
    /// Usually every key is clean and lies below the prefix; then the view only notes which parts of the
    /// table it sees and how much of each key it leaves out. Otherwise the entries are indexed anew; of
    /// keys that become equal, the last in order stays.
    package func view(of ranges: [KeyRange], strippingPrefix prefix: [UInt8]) -> Snapshot {
        let selected = Snapshot(
            table: table, ranges: tableRanges(covering(ranges)), stripped: stripped, revision: revision)
        if selected.isEmpty { return selected }
        return prefix.withUnsafeBufferPointer { prefix in
            guard let count = selected.strippableCount(of: prefix) else { return selected.rebuilt(stripping: prefix) }
            return Snapshot(
                table: table, ranges: selected.parts.map(\.range), stripped: stripped + count, revision: revision)
        }
    }

    /// The indices of the keys that `ranges` cover, in ascending order, none empty and no two touching.
    private func covering(_ ranges: [KeyRange]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        for range in ranges {
            if range.path == [slash] { return isEmpty ? [] : [0..<count] }
            range.path.withUnsafeBufferPointer { path in
                if let index = find(path) { found.append(index..<index + 1) }
            }
            found.append((range.path + [slash]).withUnsafeBufferPointer { self.range(ofPrefix: $0) })
        }
        found.sort { $0.lowerBound < $1.lowerBound }
        var merged: [Range<Int>] = []
        for range in found where !range.isEmpty {
            if let last = merged.last, last.upperBound >= range.lowerBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    /// The indices in the table of the keys at `ranges`.
    private func tableRanges(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var next = 0
        for range in ranges {
            while parts[next].start + parts[next].range.count <= range.lowerBound { next += 1 }
            var part = next
            while part < parts.count, parts[part].start < range.upperBound {
                let shift = parts[part].range.lowerBound - parts[part].start
                found.append(
                    parts[part].range.clamped(to: range.lowerBound + shift..<range.upperBound + shift))
                part += 1
            }
        }
        return found
    }

    /// How many leading bytes to leave out of every key, so that each becomes what the view shows; nil if
    /// no such number does.
    private func strippableCount(of prefix: Bytes) -> Int? {
        let length = prefix.last == slash ? prefix.count - 1 : prefix.count
        let isKept: Bool
        if length == 0 {
            isKept = true
        } else if range(ofPrefix: prefix).isEmpty {
            isKept = true
        } else {
            // The keys are in order, so if the first and the last lie below the prefix, all do.
            for index in [0, count - 1] {
                let key = keyBytes(index)
                guard key.count > length, key[length] == slash, key.hasPrefix(prefix.window(0..<length)) else {
                    return nil
                }
            }
            isKept = false
        }
        let stripped = isKept ? 0 : length
        for index in unclean {
            let key = keyBytes(index)
            guard shown(key, stripping: prefix) == .range(stripped..<key.count) else { return nil }
        }
        return stripped
    }

    /// A key in `ranges` that no view shows, because its path has `..`; nil if there is none. With `/a/../b/c` somebody who
    /// may write below `/a` alone would set `/b/c`.
    package func climbingKey(in ranges: [KeyRange]) -> [UInt8]? {
        for index in unclean {
            let key = keyBytes(index)
            if Path.climbs(key), ranges.contains(where: { $0.contains(key) }) { return Array(key) }
        }
        return nil
    }

    /// The view with its entries indexed anew, without those whose paths have `..`.
    private func rebuilt(stripping prefix: Bytes) -> Snapshot {
        let builder = Builder()
        builder.keep(table)
        for index in 0..<count {
            let key = keyBytes(index)
            if Path.climbs(key) { continue }
            let entry = table.entry(at: tableIndex(index))
            let (start, length) =
                switch shown(key, stripping: prefix) {
                case .range(let range): (key.start + range.lowerBound, range.count)
                case .bytes(let bytes): (bytes.withUnsafeBufferPointer { builder.copy($0) }, bytes.count)
                }
            builder.append(
                Entry(
                    key: start, value: entry.value, keyCount: UInt32(length), valueCount: entry.valueCount,
                    modified: entry.modified))
        }
        return builder.finish(revision: revision)
    }

    /// What a view shows in place of `key`: `path.Join("/", strings.TrimPrefix(key, prefix))`.
    private func shown(_ key: Bytes, stripping prefix: Bytes) -> Path.Part {
        var start = key.hasPrefix(prefix) ? prefix.count : 0
        if start > 0, prefix.last == slash { start -= 1 }
        let rest = key.window(start..<key.count)
        if Path.isCleanAbsolute(rest) || rest.equals(staticBytes("/")) { return .range(start..<key.count) }
        return .bytes(Path.join([[slash], Array(rest)]))
    }
}
