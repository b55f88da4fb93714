/// What a value was made from.
package struct Origin: Hashable, Sendable {
    package enum Kind: Sendable {
        /// The entry of this name.
        case key
        /// All entries below this name: each of several may be gone without any difference.
        case directory
    }

    package let kind: Kind
    package let name: ByteString
    /// Which part of the entry's JSON it is, for example `.host` or `.ports[0]`; empty for all of it.
    package let path: ByteString
    /// Whether it was decrypted: what is made of it must not be shown.
    package let isSecret: Bool

    package init(_ kind: Kind, _ name: ByteString, path: ByteString = ByteString(), isSecret: Bool = false) {
        self.kind = kind
        self.name = name
        self.path = path
        self.isSecret = isSecret
    }
}

/// A set of origins, kept by an `OriginTable`.
package struct OriginSet: Hashable, BitwiseCopyable, Sendable {
    fileprivate let node: UInt32

    fileprivate init(_ node: UInt32) { self.node = node }

    package static let none = OriginSet(0)

    package var isEmpty: Bool { node == 0 }
}

/// All origins of a rendering, and sets of them. A union costs one node, however many there are in it: loops over many keys
/// make many unions, few of which are ever looked at.
package struct OriginTable {
    private enum Node {
        case leaf(Origin)
        case union(UInt32, UInt32)
    }

    /// The first stands for the empty set. A node comes after those that it refers to.
    private var nodes: [Node] = [.union(0, 0)]
    private var leaves: [Origin: OriginSet] = [:]

    package init() {}

    /// The set of one origin.
    package mutating func set(_ origin: Origin) -> OriginSet {
        if let known = leaves[origin] { return known }
        let set = add(.leaf(origin))
        leaves[origin] = set
        return set
    }

    package mutating func union(_ one: OriginSet, _ other: OriginSet) -> OriginSet {
        if one == other || other.isEmpty { return one }
        if one.isEmpty { return other }
        if case .union(let left, let right) = nodes[Int(one.node)], left == other.node || right == other.node {
            return one
        }
        return add(.union(one.node, other.node))
    }

    private mutating func add(_ node: Node) -> OriginSet {
        nodes.append(node)
        return OriginSet(UInt32(nodes.count - 1))
    }

    /// The origins of `sets`, each once, in the order in which they came to be united.
    package func origins(of sets: [OriginSet]) -> [Origin] {
        var found: [Origin] = []
        var seen: Set<UInt32> = [0]
        var open = Array(sets.map(\.node).reversed())
        while let node = open.popLast() {
            guard seen.insert(node).inserted else { continue }
            switch nodes[Int(node)] {
            case .leaf(let origin): found.append(origin)
            case .union(let left, let right): open += [right, left]
            }
        }
        return found
    }

    package func origins(of set: OriginSet) -> [Origin] { origins(of: [set]) }

    /// A test for many sets: whether a set has an origin that `isWanted` accepts.
    package func membership(_ isWanted: (Origin) -> Bool) -> @Sendable (OriginSet) -> Bool {
        var has = Array(repeating: false, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            has[index] =
                switch node {
                case .leaf(let origin): isWanted(origin)
                case .union(let left, let right): has[Int(left)] || has[Int(right)]
                }
        }
        return { [has] in has[Int($0.node)] }
    }
}
