import Diagnostics
import KeyValue
import TextTemplate

/// Finds the key that a template may have meant by a missing one. For errors only: it looks at many keys.
struct MissingKey {
    private let key: [UInt8]
    private let snapshot: Snapshot
    private let slash = UInt8(ascii: "/")
    /// Longer keys are compared with nothing.
    private static let longestKey = 512
    /// How many keys are searched for one that ends like the wanted one.
    private static let mostKeys = 100_000

    init(_ key: ByteString, in snapshot: Snapshot) {
        self.key = key.array
        self.snapshot = snapshot
    }

    /// For example `did you mean "/app/port"?`; nil if nothing is near.
    var hint: String? {
        if snapshot.isEmpty { return "the template sees no keys at all" }
        guard key.count <= Self.longestKey else { return nil }
        if let meant = otherForm ?? corrected ?? withoutPrefix ?? withPrefix {
            return "did you mean \"\(String(decoding: meant, as: UTF8.self))\"?"
        }
        if let above = valueAbove {
            return "\"\(String(decoding: above, as: UTF8.self))\" is a value: there are no keys below it"
        }
        let hasKeysBelow = !key.withUnsafeBufferPointer { snapshot.children(of: $0) }.isEmpty
        return hasKeysBelow ? "it has no value itself, but there are keys below it" : nil
    }

    private func isThere(_ key: [UInt8]) -> Bool { key.withUnsafeBufferPointer { snapshot.find($0) } != nil }

    /// The clean key with a leading slash, or without one.
    private var otherForm: [UInt8]? {
        let clean = Path.join([[slash], key])
        return [clean, Array(clean.dropFirst())].first { $0 != key && isThere($0) }
    }

    /// The key that this one would be below of, if it is there.
    private var valueAbove: [UInt8]? {
        var path = Path.join([[slash], key])[...]
        while let end = path.lastIndex(of: slash), end > path.startIndex {
            path = path[..<end]
            if isThere(Array(path)) { return Array(path) }
        }
        return nil
    }

    /// The key without its first parts: the resource's prefix is stripped from the keys that the template sees.
    private var withoutPrefix: [UInt8]? {
        var rest = Path.join([[slash], key])[...]
        while let next = rest.dropFirst().firstIndex(of: slash) {
            rest = rest[next...]
            if isThere(Array(rest)) { return Array(rest) }
        }
        return nil
    }

    /// The key that ends with this one and has more parts before it, if there is exactly one.
    private var withPrefix: [UInt8]? {
        guard snapshot.count <= Self.mostKeys else { return nil }
        let ending = Path.join([[slash], key])
        guard ending.count > 1 else { return nil }
        var found: [UInt8]?
        for index in 0..<snapshot.count {
            let candidate = snapshot.keyBytes(index)
            guard candidate.count > ending.count, candidate.suffix(ending.count).elementsEqual(ending) else { continue }
            if found != nil { return nil }
            found = Array(candidate)
        }
        return found
    }

    /// The names directly below `path`. (As in confd, `ls` lists only keys below the root.)
    private func names(below path: [UInt8]) -> [[UInt8]] {
        let start = path == [slash] ? path : path + [slash]
        var names: [[UInt8]] = []
        for index in 0..<min(snapshot.count, Self.mostKeys) {
            let key = snapshot.keyBytes(index)
            guard key.starts(with: start) else { continue }
            let name = key.dropFirst(start.count).prefix { $0 != slash }
            if names.last?.elementsEqual(name) != true { names.append(Array(name)) }
        }
        return names
    }

    /// The key that `nearPath` is.
    private var corrected: [UInt8]? { nearPath.flatMap { isThere($0) ? $0 : nil } }

    /// The path with each missing part replaced by the nearest existing one; nil if there is none.
    fileprivate var nearPath: [UInt8]? {
        var path = [slash]
        for part in Path.join([[slash], key]).split(separator: slash) {
            let names = names(below: path)
            var name = Array(part)
            if !names.contains(name) {
                // A name that is not UTF-8 would not be found again.
                let nearest = Suggestion.nearest(
                    to: name, among: names.map { String(decoding: $0, as: UTF8.self) }.sorted(), .identifiers)
                guard let nearest else { return nil }
                name = Array(nearest.utf8)
            }
            path = Path.join([path, name])
        }
        return path != key ? path : nil
    }
}

/// Finds the path that was probably meant by one below which there are no keys.
package enum NearKeys {
    /// `path` with each part that is not there replaced by the nearest one that is; nil if there is none.
    package static func path(near path: [UInt8], in snapshot: Snapshot) -> [UInt8]? {
        MissingKey(ByteString(path), in: snapshot).nearPath
    }
}
