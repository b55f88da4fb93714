/// Go's package `path`, on bytes.
package enum Path {
    /// A path computed from an argument: a range of the argument where possible, else newly allocated bytes.
    package enum Part: Equatable, Sendable {
        case range(Range<Int>)
        case bytes([UInt8])

        /// The path as bytes, copied; `argument` is what the part was computed from.
        package func array(of argument: UnsafeBufferPointer<UInt8>) -> [UInt8] {
            switch self {
            case .range(let range): Array(argument[range])
            case .bytes(let bytes): bytes
            }
        }
    }

    /// The shortest path that names the same place by lexical processing alone (`path.Clean`).
    package static func clean(_ path: UnsafeBufferPointer<UInt8>) -> Part {
        if path.isEmpty { return .bytes([dot]) }
        if isCleanAbsolute(path) || path.equals(slashBytes) { return .range(0..<path.count) }
        return .bytes(rebuilt(path))
    }

    /// The last element of `path` without trailing slashes (`path.Base`): `.` if it is empty, `/` if it
    /// holds nothing but slashes.
    package static func base(_ path: UnsafeBufferPointer<UInt8>) -> Part {
        if path.isEmpty { return .bytes([dot]) }
        var end = path.count
        while end > 0, path[end - 1] == slash { end -= 1 }
        if end == 0 { return .range(0..<1) }
        var start = end
        while start > 0, path[start - 1] != slash { start -= 1 }
        return .range(start..<end)
    }

    /// All but the last element of `path`, cleaned (`path.Dir`).
    package static func dir(_ path: UnsafeBufferPointer<UInt8>) -> Part {
        var end = path.count
        while end > 0, path[end - 1] != slash { end -= 1 }
        // The slash before the last element goes by cleaning; leaving it out first keeps the usual case a range.
        if end > 1, path[end - 2] != slash { end -= 1 }
        return clean(path.window(0..<end))
    }

    /// The non-empty `elements` joined by slashes, cleaned; empty if all are (`path.Join`).
    package static func join(_ elements: [[UInt8]]) -> [UInt8] {
        let joined = Array(elements.filter { !$0.isEmpty }.joined(separator: [slash]))
        if joined.isEmpty { return [] }
        return joined.withUnsafeBufferPointer { clean($0).array(of: $0) }
    }

    /// The clean form of `path` as an array.
    static func cleaned(_ path: UnsafeBufferPointer<UInt8>) -> [UInt8] { clean(path).array(of: path) }

    /// Whether `path` starts with a slash, names something below the root, and is clean. The first `from` bytes
    /// are known to be: the path shares them with one that is.
    static func isCleanAbsolute(_ path: UnsafeBufferPointer<UInt8>, from known: Int = 0) -> Bool {
        guard path.count > 1, path[0] == slash else { return false }
        // An unclean element (`//`, `/./`, `/../`) is recognised within three bytes after its slash.
        var offset = max(0, known - 3)
        while offset < path.count {
            if path[offset] == slash {
                var next = offset + 1
                var dots = 0
                while dots < 2, next < path.count, path[next] == dot {
                    dots += 1
                    next += 1
                }
                if next == path.count || path[next] == slash { return false }
            }
            offset += 1
        }
        return true
    }

    /// Whether an element of `path` is `..`.
    static func climbs(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var start = 0
        while start <= path.count {
            let end = path.slashOffset(from: start)
            if path.window(start..<end).equals(dotDotBytes) { return true }
            start = end + 1
        }
        return false
    }

    private static func rebuilt(_ path: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let rooted = path[0] == slash
        var output: [UInt8] = rooted ? [slash] : []
        output.reserveCapacity(path.count)
        // The part that `..` must not remove: the root, or leading `..` of a relative path.
        var floor = output.count
        var start = 0
        while start < path.count {
            let end = path.slashOffset(from: start)
            let element = path.window(start..<end)
            start = end + 1
            if element.isEmpty || element.equals(dotBytes) { continue }
            if element.equals(dotDotBytes) {
                if output.count > floor {
                    output.removeLast(output.count - parentCount(output, floor: floor))
                    continue
                }
                if rooted { continue }
            }
            if output.count > (rooted ? 1 : 0) { output.append(slash) }
            output.append(contentsOf: element)
            if element.equals(dotDotBytes) { floor = output.count }
        }
        return output.isEmpty ? [dot] : output
    }

    /// The length of `path` without its last element and the slash before that.
    private static func parentCount(_ path: [UInt8], floor: Int) -> Int {
        var count = path.count - 1
        while count > floor, path[count] != slash { count -= 1 }
        return count
    }

    private static var slashBytes: Bytes { staticBytes("/") }
    private static var dotBytes: Bytes { staticBytes(".") }
    private static var dotDotBytes: Bytes { staticBytes("..") }
}

/// The bytes of a literal, which live as long as the program.
func staticBytes(_ text: StaticString) -> Bytes {
    Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
}
