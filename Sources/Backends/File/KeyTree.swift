import KeyValue
import Posix

/// Limits of what one file may expand to; a short one can expand to a lot.
struct FileLimits {
    /// How many nodes aliases may stand for in all (go-yaml refuses somewhat less): nested aliases multiply.
    var aliasedNodes = 1_000_000
    /// The bytes of all keys and values, and those copied on the way to them: each key repeats the keys above it.
    var bytes = MemoryLimit.bounded(256 << 20, to: 8)
}

/// Collects the values of a tree under their paths, as confd's `nodeWalk` does: an element is joined to the path
/// above it by Go's `path.Join`, so that a slash in it makes two elements and `..` leads up.
struct KeyTree {
    typealias Pair = (key: [UInt8], value: [UInt8])

    let limits: FileLimits
    private(set) var pairs: [Pair] = []
    /// The path of the node that is visited; empty for the root.
    private var path: [UInt8] = []
    private var bytes = 0

    init(_ limits: FileLimits) { self.limits = limits }

    /// A path to come back to.
    enum Mark {
        case length(Int)
        case path([UInt8])
    }

    /// Goes down to `element`; `leave` with the result comes back.
    mutating func enter(_ element: [UInt8]) -> Mark {
        if Self.isCleanElement(element) {
            let mark = Mark.length(path.count)
            path.append(UInt8(ascii: "/"))
            path += element
            return mark
        }
        let mark = Mark.path(path)
        charge(path.count)
        path = Path.join([[UInt8(ascii: "/")], path, element])
        if path.count == 1 { path = [] }
        return mark
    }

    mutating func leave(_ mark: Mark) {
        switch mark {
        case .length(let count): path.removeLast(path.count - count)
        case .path(let saved): path = saved
        }
    }

    /// Adds a value at the current path.
    mutating func add(_ value: [UInt8]) {
        charge(path.count + value.count)
        pairs.append((path.isEmpty ? [UInt8(ascii: "/")] : path, value))
    }

    /// Counts bytes towards the limit.
    mutating func charge(_ count: Int) { bytes += count }

    /// Whether more than the limit was collected.
    var isFull: Bool { bytes > limits.bytes }

    /// Whether joining `element` is appending it.
    private static func isCleanElement(_ element: [UInt8]) -> Bool {
        if element.isEmpty || element.contains(UInt8(ascii: "/")) { return false }
        return element[0] != UInt8(ascii: ".") || (element != Array(".".utf8) && element != Array("..".utf8))
    }
}

/// The entries of a mapping, each the number of its value: of equal keys the last one counts, as in Go.
struct LastEntries {
    /// Below this count comparing is faster than hashing.
    private static let hashedFrom = 9

    private(set) var keys: [[UInt8]] = []
    private(set) var values: [Int] = []
    private var places: [[UInt8]: Int] = [:]

    /// Returns whether `key` was there before.
    @discardableResult
    mutating func set(_ key: [UInt8], to value: Int) -> Bool {
        if let place = keys.count < Self.hashedFrom ? keys.firstIndex(of: key) : places[key] {
            values[place] = value
            return true
        }
        keys.append(key)
        values.append(value)
        if keys.count == Self.hashedFrom {
            for (place, key) in keys.enumerated() { places[key] = place }
        } else if keys.count > Self.hashedFrom {
            places[key] = keys.count - 1
        }
        return false
    }
}
