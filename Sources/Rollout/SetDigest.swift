import Digests
import Rendering

/// A digest of a set of byte strings: the sum of the digests of its elements, so that it is kept up as elements come and go,
/// whatever their order.
package struct SetDigest: Equatable, Sendable {
    private var words: [UInt64] = [0, 0, 0, 0]

    package init() {}

    package mutating func add(_ element: [UInt8]) {
        for (index, word) in Self.words(of: element).enumerated() { words[index] &+= word }
    }

    package mutating func remove(_ element: [UInt8]) {
        for (index, word) in Self.words(of: element).enumerated() { words[index] &-= word }
    }

    /// 32 bytes.
    package var bytes: [UInt8] { words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } }

    private static func words(of element: [UInt8]) -> [UInt64] {
        let digest = SHA256.digest(of: element)
        return (0..<4).map { word in digest[word * 8..<word * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    }
}
