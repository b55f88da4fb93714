import Digests
import Rendering

/// A digest of a set of byte strings: the sum of the digests of its elements, so that it is kept up as elements come and go,
/// whatever their order.
package struct SetDigest: Equatable, Sendable {
    private var words = SIMD4<UInt64>.zero

    package init() {}

    package mutating func add(_ element: [UInt8]) { words &+= SHA256.words(of: element) }

    package mutating func remove(_ element: [UInt8]) { words &-= SHA256.words(of: element) }

    /// 32 bytes.
    package var bytes: [UInt8] {
        (0..<4).flatMap { index in (0..<8).map { UInt8(truncatingIfNeeded: words[index] >> (8 * $0)) } }
    }
}
