/// Bytes of a snapshot, together with what keeps them valid: a key, a value, or a part of a key.
package struct Window: Sendable {
    /// Keeps `bytes` valid for as long as it lives; nil for bytes that live as long as the program.
    package let owner: (any AnyObject & Sendable)?
    nonisolated(unsafe) private let base: UnsafePointer<UInt8>
    /// The number of bytes.
    package let count: Int

    init(owner: (any AnyObject & Sendable)?, base: UnsafePointer<UInt8>, count: Int) {
        self.owner = owner
        self.base = base
        self.count = count
    }

    /// Whether snapshots with this key keep the bytes too, so that they live as long as any of these.
    package var isOfSnapshot: Bool { owner is Block }

    /// The bytes themselves: valid only while `owner` lives.
    package var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    /// A copy of the bytes.
    package var array: [UInt8] { withExtendedLifetime(owner) { Array(bytes) } }

    /// The bytes at `range`, with the same owner.
    package subscript(range: Range<Int>) -> Window {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside of the window")
        return Window(owner: owner, base: base + range.lowerBound, count: range.count)
    }
}

extension Window: Comparable {
    package static func == (left: Window, right: Window) -> Bool {
        withExtendedLifetime((left.owner, right.owner)) { left.bytes.equals(right.bytes) }
    }

    /// Whether `left` sorts before `right` by bytes.
    package static func < (left: Window, right: Window) -> Bool {
        withExtendedLifetime((left.owner, right.owner)) { left.bytes.order(to: right.bytes) < 0 }
    }
}
