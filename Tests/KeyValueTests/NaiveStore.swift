@testable import KeyValue

/// confd's queries by their definition: every key is looked at, every path cleaned and cut.
struct NaiveStore {
    let keys: [[UInt8]]

    init(_ keys: [[UInt8]]) { self.keys = Set(keys).sorted { $0.lexicographicallyPrecedes($1) } }

    func gets(_ pattern: [UInt8]) throws(PatternError) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for key in keys where try NaiveMatch.match(pattern[...], key[...]) { found.append(key) }
        return found
    }

    func ls(_ path: [UInt8]) -> [[UInt8]] {
        var names: Set<[UInt8]> = []
        let want = elements(path)
        for key in keys {
            if key == path {
                names.insert(key.withUnsafeBufferPointer { Path.base($0).array(of: $0) })
            } else if elements(directory(key)).starts(with: want) {
                var rest = key.starts(with: path) ? key.dropFirst(path.count) : key[...]
                if rest.first == slash { rest = rest.dropFirst() }
                names.insert(Array(rest.prefix { $0 != slash }))
            }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    func lsdir(_ path: [UInt8]) -> [[UInt8]] {
        var names: Set<[UInt8]> = []
        let want = elements(path)
        for key in keys where key.starts(with: path) {
            let have = elements(directory(key))
            if have.count > want.count, have.starts(with: want) { names.insert(Array(have[want.count])) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private func elements(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
        Path.join([path.isEmpty ? [dot] : path]).split(separator: slash, omittingEmptySubsequences: false)
    }

    private func directory(_ key: [UInt8]) -> [UInt8] {
        key.withUnsafeBufferPointer { Path.dir($0).array(of: $0) }
    }
}

/// `path.Match`, read off Go's source step by step.
enum NaiveMatch {
    typealias Slice = ArraySlice<UInt8>

    static func match(_ pattern: Slice, _ name: Slice) throws(PatternError) -> Bool {
        var pattern = pattern
        var name = name
        next: while !pattern.isEmpty {
            let (star, chunk, rest) = scan(pattern)
            pattern = rest
            if star, chunk.isEmpty { return !name.contains(slash) }
            if let left = try matchChunk(chunk, name), left.isEmpty || !pattern.isEmpty {
                name = left
                continue
            }
            if star {
                var from = name
                while let first = from.first, first != slash {
                    from = from.dropFirst()
                    if let left = try matchChunk(chunk, from), left.isEmpty || !pattern.isEmpty {
                        name = left
                        continue next
                    }
                }
            }
            while !pattern.isEmpty {
                let (_, chunk, rest) = scan(pattern)
                pattern = rest
                _ = try matchChunk(chunk, [])
            }
            return false
        }
        return name.isEmpty
    }

    private static func scan(_ pattern: Slice) -> (star: Bool, chunk: Slice, rest: Slice) {
        let body = pattern.drop { $0 == UInt8(ascii: "*") }
        var inRange = false
        var index = body.startIndex
        while index < body.endIndex {
            switch body[index] {
            case UInt8(ascii: "\\"): if index + 1 < body.endIndex { index += 1 }
            case UInt8(ascii: "["): inRange = true
            case UInt8(ascii: "]"): inRange = false
            case UInt8(ascii: "*") where !inRange:
                return (body.count < pattern.count, body[..<index], body[index...])
            default: break
            }
            index += 1
        }
        return (body.count < pattern.count, body, [])
    }

    private static func matchChunk(_ chunk: Slice, _ text: Slice) throws(PatternError) -> Slice? {
        var chunk = chunk
        var text = text
        var failed = false
        while let first = chunk.popFirst() {
            failed = failed || text.isEmpty
            switch first {
            case UInt8(ascii: "["):
                let (character, length) = failed ? (0, 0) : rune(text)
                text = text.dropFirst(length)
                let negated = chunk.first == UInt8(ascii: "^")
                if negated { chunk.removeFirst() }
                var matched = false
                var count = 0
                while count == 0 || chunk.first != UInt8(ascii: "]") {
                    let low = try escaped(&chunk)
                    var high = low
                    if chunk.first == UInt8(ascii: "-") {
                        chunk.removeFirst()
                        high = try escaped(&chunk)
                    }
                    matched = matched || (low <= character && character <= high)
                    count += 1
                }
                chunk.removeFirst()
                failed = failed || matched == negated
            case UInt8(ascii: "?"):
                if !failed {
                    failed = text.first == slash
                    text = text.dropFirst(rune(text).length)
                }
            default:
                var byte = first
                if first == UInt8(ascii: "\\") {
                    guard let next = chunk.popFirst() else { throw PatternError() }
                    byte = next
                }
                if !failed { failed = text.removeFirst() != byte }
            }
        }
        return failed ? nil : text
    }

    private static func escaped(_ chunk: inout Slice) throws(PatternError) -> UInt32 {
        guard let first = chunk.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "]") else {
            throw PatternError()
        }
        if first == UInt8(ascii: "\\") { chunk.removeFirst() }
        if chunk.isEmpty { throw PatternError() }
        let (character, length) = rune(chunk)
        chunk = chunk.dropFirst(length)
        if chunk.isEmpty || (character == 0xFFFD && length == 1) { throw PatternError() }
        return character
    }

    private static func rune(_ text: Slice) -> (character: UInt32, length: Int) {
        var decoder = UTF8()
        var iterator = text.makeIterator()
        if case .scalarValue(let scalar) = decoder.decode(&iterator) {
            return (scalar.value, String(scalar).utf8.count)
        }
        return (0xFFFD, 1)
    }
}
