import Primitives

/// A set of code points: ranges, and general categories, which are looked up only when a character is tested.
struct CharacterSet: Equatable, Sendable {
    static let highest: UInt32 = 0x10FFFF

    /// Characters by their general category.
    struct Category: Equatable, Sendable {
        /// One bit for each raw general category.
        var mask: UInt32
        /// Whether characters that differ from a member in case only belong to it too.
        var foldsCase: Bool
        var isNegated: Bool

        func contains(_ scalar: UInt32) -> Bool {
            hasMember(scalar) != isNegated
        }

        private func hasMember(_ scalar: UInt32) -> Bool {
            if mask & CharacterSet.categoryBit(of: scalar) != 0 { return true }
            guard foldsCase else { return false }
            var other = UnicodeCase.nextFold(scalar)
            while other != scalar {
                if mask & CharacterSet.categoryBit(of: other) != 0 { return true }
                other = UnicodeCase.nextFold(other)
            }
            return false
        }
    }

    /// Ascending once `normalize` ran; disjoint and not adjacent.
    private(set) var ranges: [ClosedRange<UInt32>] = []
    private(set) var categories: [Category] = []
    private var isNegated = false

    init() {}

    init(_ ranges: ClosedRange<UInt32>...) { self.ranges = ranges }

    /// `scalar` and, if `foldsCase`, what differs from it in case only.
    init(_ scalar: UInt32, foldsCase: Bool) {
        ranges = [scalar...scalar]
        if foldsCase {
            foldCase()
            normalize()
        }
    }

    /// The only member, nil if there are several or none.
    var single: UInt32? {
        guard isRangesOnly, ranges.count == 1, ranges[0].count == 1 else { return nil }
        return ranges[0].lowerBound
    }

    /// Whether the set is nothing but its ranges.
    var isRangesOnly: Bool { categories.isEmpty && !isNegated }

    mutating func insert(_ range: ClosedRange<UInt32>) {
        if let last = ranges.last, range.lowerBound >= last.lowerBound, range.lowerBound <= last.upperBound + 1 {
            ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        } else {
            ranges.append(range)
        }
    }

    mutating func insert(_ category: Category) { categories.append(category) }

    mutating func formUnion(_ other: CharacterSet) {
        precondition(!other.isNegated, "only finished classes are negated")
        ranges += other.ranges
        categories += other.categories
    }

    /// Adds every character that differs from one of the ranges' members in case only.
    mutating func foldCase() {
        for range in ranges {
            let low = max(range.lowerBound, UnicodeCase.folding.lowerBound)
            let high = min(range.upperBound, UnicodeCase.folding.upperBound)
            // A range that covers all characters with cases already has all of them.
            guard low <= high, low...high != UnicodeCase.folding else { continue }
            for scalar in low...high {
                var other = UnicodeCase.nextFold(scalar)
                while other != scalar {
                    insert(other...other)
                    other = UnicodeCase.nextFold(other)
                }
            }
        }
    }

    /// Sorts the ranges and joins those that overlap or touch.
    mutating func normalize() {
        guard ranges.count > 1 else { return }
        ranges.sort { $0.lowerBound < $1.lowerBound }
        var joined: [ClosedRange<UInt32>] = [ranges[0]]
        for range in ranges.dropFirst() {
            let last = joined[joined.count - 1]
            if range.lowerBound <= last.upperBound + 1 {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        ranges = joined
    }

    /// Turns the set into its complement.
    mutating func negate() {
        normalize()
        guard isRangesOnly else {
            if ranges.isEmpty && categories.count == 1 {
                categories[0].isNegated.toggle()
            } else {
                isNegated.toggle()
            }
            return
        }
        var rest: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if next < range.lowerBound { rest.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= Self.highest { rest.append(next...Self.highest) }
        ranges = rest
    }

    /// Whether `scalar` is in the set, which must be normalized.
    func contains(_ scalar: UInt32) -> Bool {
        let place = ranges.indices.partitionPoint { ranges[$0].upperBound < scalar }
        let found =
            place < ranges.count && ranges[place].lowerBound <= scalar || categories.contains { $0.contains(scalar) }
        return found != isNegated
    }

    private static func categoryBit(of scalar: UInt32) -> UInt32 {
        guard let scalar = Unicode.Scalar(scalar) else { return GeneralCategoryMask.bit(.surrogate) }
        return GeneralCategoryMask.bit(scalar.properties.generalCategory)
    }
}
