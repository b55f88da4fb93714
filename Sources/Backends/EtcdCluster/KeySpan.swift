import KeyValue
import Primitives

/// A range of keys, in the form of an etcd request.
struct KeySpan: Equatable, Sendable {
    let start: [UInt8]
    /// Empty: the one key `start`. A single 0 byte: everything from `start` on.
    let end: [UInt8]

    /// All keys; an empty start would mean no key, so it is the smallest key.
    static let all = KeySpan(start: [0], end: [0])

    /// The spans that cover `ranges`, ascending and without overlap: for `/app` the key itself and `[/app/, /app0)`, since 0 is
    /// the byte after the slash.
    static func covering(_ ranges: [KeyRange]) -> [KeySpan] {
        let directories = directories(of: ranges)
        if directories == [[slash]] { return [.all] }
        let spans = directories.flatMap { path in
            [KeySpan(start: path, end: []), below(path)]
        }
        return spans.sorted { $0.start.lexicographicallyPrecedes($1.start) }
    }

    /// The keys below `path`, which does not end in a slash.
    static func below(_ path: [UInt8]) -> KeySpan {
        KeySpan(start: path + [slash], end: path + [slash + 1])
    }

    /// The paths of `ranges`, without those that lie below another.
    static func directories(of ranges: [KeyRange]) -> [[UInt8]] {
        if ranges.contains(where: { $0.path == [slash] }) { return [[slash]] }
        // With a slash at the end, all paths below a path sort directly after it.
        let paths = ranges.map { $0.path + [slash] }.sorted { $0.lexicographicallyPrecedes($1) }
        var directories: [[UInt8]] = []
        for path in paths {
            if let last = directories.last, path.starts(with: last) { continue }
            directories.append(path)
        }
        return directories.map { $0.dropLast() }
    }

    /// The deepest directory that contains all of `directories`.
    static func commonDirectory(of directories: [[UInt8]]) -> [UInt8] {
        guard var common = directories.first else { return [slash] }
        for directory in directories.dropFirst() {
            while !(directory + [slash]).starts(with: common == [slash] ? common : common + [slash]) {
                let parent = common.lastIndex(of: slash) ?? 0
                common = parent == 0 ? [slash] : Array(common[..<parent])
            }
        }
        return common
    }

    private static let slash = UInt8(ascii: "/")

    /// The smallest span that covers all of `spans`, which are ascending and not empty.
    static func enclosing(of spans: [KeySpan]) -> KeySpan {
        // The spans do not overlap, so the last one has the largest end.
        let last = spans[spans.count - 1]
        return KeySpan(start: spans[0].start, end: last.end.isEmpty ? last.start + [0] : last.end)
    }

    /// Whether one of `spans`, which are ascending and do not overlap, covers `key`.
    static func contains(_ key: [UInt8], in spans: [KeySpan]) -> Bool {
        let end = spans.indices.partitionPoint { !key.lexicographicallyPrecedes(spans[$0].start) }
        return end > 0 && key.withUnsafeBytes { spans[end - 1].contains($0) }
    }

    /// Whether `key` lies in the span.
    func contains(_ key: UnsafeRawBufferPointer) -> Bool {
        if end.isEmpty { return key.elementsEqual(start) }
        if key.lexicographicallyPrecedes(start) { return false }
        return end == [0] || key.lexicographicallyPrecedes(end)
    }

    /// The keys after `key`.
    func rest(after key: UnsafeRawBufferPointer.SubSequence) -> KeySpan { KeySpan(start: key + [0], end: end) }
}
