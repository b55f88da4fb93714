/// A node of the syntax tree of a regular expression, with what the limits are checked against.
final class RegularExpressionNode: Sendable {
    enum Kind: Sendable {
        case empty
        case scalar(UInt32)
        case set(CharacterSet)
        case assertion(Assertion)
        case capture(Int)
        /// At least `minimum`, at most `maximum` times (nil: any number). `?`, `*` and `+` are repetitions too.
        case repetition(minimum: Int, maximum: Int?, isGreedy: Bool)
        case concatenation
        case alternation
    }

    /// A condition on a place between two characters.
    enum Assertion: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    let kind: Kind
    let children: [RegularExpressionNode]
    /// The height of the tree below and with this node.
    let height: Int
    /// About the number of instructions that it compiles to.
    let size: Int
    /// Whether it can match the empty string.
    let isNullable: Bool
    /// How many copies counted repetitions make of the innermost node.
    let copies: Int

    init(_ kind: Kind, _ children: [RegularExpressionNode] = [], countsCopies: Bool = false) {
        self.kind = kind
        self.children = children
        height = 1 + (children.map(\.height).max() ?? 0)
        var copies = children.map(\.copies).max() ?? 1
        let total = children.reduce(0) { $0 + $1.size }
        switch kind {
        case .empty, .assertion:
            size = 1
            isNullable = true
        case .scalar, .set:
            size = 1
            isNullable = false
        case .capture:
            size = total + 2
            isNullable = children[0].isNullable
        case .repetition(let minimum, let maximum, _):
            size = max(1, maximum.map { $0 * total + $0 - minimum } ?? max(1, minimum) * total + 2)
            isNullable = minimum == 0 || children[0].isNullable
            if countsCopies { copies = maximum == 0 ? 1 : copies * max(1, maximum ?? minimum) }
        case .concatenation:
            size = max(1, total)
            isNullable = children.allSatisfy(\.isNullable)
        case .alternation:
            size = total + children.count - 1
            isNullable = children.contains(where: \.isNullable)
        }
        self.copies = copies
    }

    /// `items` one after the other.
    static func concatenation(_ items: [RegularExpressionNode]) -> RegularExpressionNode {
        if items.isEmpty { return RegularExpressionNode(.empty) }
        if items.count == 1 { return items[0] }
        var flat: [RegularExpressionNode] = []
        for item in items {
            if case .concatenation = item.kind { flat += item.children } else { flat.append(item) }
        }
        return RegularExpressionNode(.concatenation, flat)
    }

    /// One of `items`, the first that fits. Neighbours that are single characters become one set.
    static func alternation(_ items: [RegularExpressionNode]) -> RegularExpressionNode {
        let alternatives = items.flatMap { item in
            if case .alternation = item.kind { item.children } else { [item] }
        }
        var joined: [RegularExpressionNode] = []
        var rest = alternatives[...]
        while let first = rest.first {
            let sets = rest.prefix { $0.plainSet != nil }
            joined.append(sets.count > 1 ? union(of: sets) : first)
            rest = rest.dropFirst(max(1, sets.count))
        }
        return joined.count == 1 ? joined[0] : RegularExpressionNode(.alternation, joined)
    }

    private static func union(of sets: ArraySlice<RegularExpressionNode>) -> RegularExpressionNode {
        var all = CharacterSet()
        for case let set? in sets.lazy.map(\.plainSet) { all.formUnion(set) }
        all.normalize()
        return RegularExpressionNode(.set(all))
    }

    private var plainSet: CharacterSet? {
        switch kind {
        case .scalar(let scalar): CharacterSet(scalar...scalar)
        case .set(let set) where set.isRangesOnly: set
        default: nil
        }
    }
}
