import KeyValue

/// One range of keys as etcd is asked for it.
struct KeySpan: Equatable, Sendable {
    let start: [UInt8]
    /// Empty: the one key `start`. A single 0 byte: everything from `start` on.
    let end: [UInt8]

    /// Everything; etcd takes an empty key for none, so it begins with the smallest one.
    static let all = KeySpan(start: [0], end: [0])

    /// What the ranges cover, in ascending order, every key once: for `/app` the key itself and `[/app/, /app0)`,
    /// 0 being the byte after the slash.
    static func covering(_ ranges: [KeyRange]) -> [KeySpan] {
        let folders = folders(of: ranges)
        if folders == [[slash]] { return [.all] }
        let spans = folders.flatMap { folder in
            [KeySpan(start: folder, end: []), KeySpan(start: folder + [slash], end: folder + [slash + 1])]
        }
        return spans.sorted { $0.start.lexicographicallyPrecedes($1.start) }
    }

    /// The paths of `ranges`, without those that lie below another.
    static func folders(of ranges: [KeyRange]) -> [[UInt8]] {
        if ranges.contains(where: { $0.path == [slash] }) { return [[slash]] }
        // With the slash at the end, everything below a path follows directly after it.
        let paths = ranges.map { $0.path + [slash] }.sorted { $0.lexicographicallyPrecedes($1) }
        var folders: [[UInt8]] = []
        for path in paths {
            if let last = folders.last, path.starts(with: last) { continue }
            folders.append(path)
        }
        return folders.map { $0.dropLast() }
    }

    private static let slash = UInt8(ascii: "/")

    /// The smallest range that covers all of `spans`, which are ascending and not empty.
    static func hull(of spans: [KeySpan]) -> KeySpan {
        // Of ascending spans that do not overlap, the last ends last.
        let last = spans[spans.count - 1]
        return KeySpan(start: spans[0].start, end: last.end.isEmpty ? last.start + [0] : last.end)
    }

    /// Whether one of `spans`, which are ascending and do not overlap, covers `key`.
    static func contains(_ key: [UInt8], in spans: [KeySpan]) -> Bool {
        var low = 0
        var high = spans.count
        while low < high {
            let middle = (low + high) / 2
            if key.lexicographicallyPrecedes(spans[middle].start) { high = middle } else { low = middle + 1 }
        }
        return low > 0 && key.withUnsafeBytes { spans[low - 1].contains($0) }
    }

    /// Whether `key` can stand in an answer.
    func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        if end.isEmpty { return key.elementsEqual(start) }
        if key.lexicographicallyPrecedes(start) { return false }
        return end == [0] || key.lexicographicallyPrecedes(end)
    }

    /// The keys after `key`.
    func rest(after key: UnsafeRawBufferPointer.SubSequence) -> KeySpan { KeySpan(start: key + [0], end: end) }
}
