import KeyValue

/// What is known of some folders, and the questions that are needed to know all of them as of one moment.
///
/// Every read sets a watch, and ZooKeeper sends the event of a change before any reply that shows the change. So when all
/// questions are answered, and no event has come for what was read, all answers were true at the moment of the last reply. What
/// has an event is read again, in rounds. Each round asks again for all that has had an event since everything was of one
/// moment: nodes that change all the time are then read at nearly the same time, however far away the server is.
struct ZookeeperTree {
    struct Question: Hashable {
        enum Kind {
            case children, value
            /// Whether the top of a folder that was missing is there.
            case existence
        }

        let kind: Kind
        let path: [UInt8]
    }

    enum Answer {
        case children([[UInt8]])
        case value([UInt8])
        case present
        case missing
    }

    private struct Node {
        var names: Set<[UInt8]>
        /// The length of its value, nil if it has no key: nodes with children have none, as in confd.
        var valueSize: Int?
    }

    /// The tops of the folders.
    private let roots: Set<[UInt8]>
    private var nodes: [[UInt8]: Node] = [:]
    /// The questions of this round without an answer.
    private var open: Set<Question> = []
    /// For the next round.
    private var next: Set<Question>
    /// What has had an event since everything was of one moment.
    private var moving: Set<Question> = []
    /// The tops that are not there; their creation is reported.
    private var absent: Set<[UInt8]> = []
    private var changes: [[UInt8]: [UInt8]?] = [:]
    /// The memory of the nodes below the tops, in bytes.
    private(set) var size = 0

    /// The least memory of a node, in bytes.
    static let nodeSize = 300

    /// For a node: its place in the tables, and its path, which is in several of them.
    private static func cost(_ path: [UInt8]) -> Int { nodeSize + 3 * path.count }

    /// Of the folders `roots`, none of which lies in another. Nothing is known of them yet.
    init(_ roots: [[UInt8]]) {
        self.roots = Set(roots)
        next = Set(roots.map { Question(kind: .children, path: $0) })
    }

    /// Whether something has changed since everything was of one moment.
    var isMoving: Bool { !moving.isEmpty }

    /// The questions of the next round, nil if everything is of one moment. All have to be answered before the next call, in
    /// this order.
    mutating func nextRound() -> [Question]? {
        if next.isEmpty {
            moving = []
            return nil
        }
        open = next.union(moving)
        next = []
        return Array(open)
    }

    /// Has everything that is known read again.
    mutating func doubtEverything() {
        for (path, node) in nodes {
            ask(.children, path)
            if node.valueSize != nil { ask(.value, path) }
        }
        for path in absent { ask(.existence, path) }
    }

    /// The changes of keys since the last call; to be called when everything is of one moment.
    mutating func takeChanges() -> [Update] {
        defer { changes = [:] }
        return changes.map { Update(key: $0.key, value: $0.value) }
    }

    /// Takes the answer to a question of this round; throws the name of a child that cannot be one.
    mutating func take(_ answer: Answer, to question: Question) throws(ZookeeperMalformed) {
        open.remove(question)
        switch answer {
        case .children(let names):
            absent.remove(question.path)
            try setNames(names, of: question.path)
        case .value(let bytes): setValue(bytes, of: question.path)
        case .present: ask(.children, question.path)
        case .missing:
            forget(question.path)
            guard roots.contains(question.path) else { return }
            if question.kind == .existence {
                absent.insert(question.path)
            } else if !absent.contains(question.path) {
                ask(.existence, question.path)
            }
        }
    }

    /// Takes the report of a change.
    mutating func take(_ event: ZookeeperEvent) {
        let path = event.path
        switch event.kind {
        case .created:
            if absent.remove(path) != nil { askAgain(.children, path) }
        case .deleted:
            // Its parent has an event too.
            forget(path)
            if roots.contains(path) { askAgain(.children, path) }
        case .valueChanged:
            if nodes[path]?.names.isEmpty == true { askAgain(.value, path) }
        case .childrenChanged:
            if nodes[path] != nil { askAgain(.children, path) }
        }
    }

    private mutating func ask(_ kind: Question.Kind, _ path: [UInt8]) {
        let question = Question(kind: kind, path: path)
        // The answer to an open question shows the present state, or a later one.
        if !open.contains(question) { next.insert(question) }
    }

    private mutating func askAgain(_ kind: Question.Kind, _ path: [UInt8]) {
        let question = Question(kind: kind, path: path)
        if open.contains(question) { return }
        next.insert(question)
        moving.insert(question)
    }

    private mutating func setNames(_ list: [[UInt8]], of path: [UInt8]) throws(ZookeeperMalformed) {
        for name in list where !Self.isName(name) { throw .name(name) }
        let names = Set(list)
        let former = nodes[path]
        for name in former?.names ?? [] where !names.contains(name) {
            let child = Self.child(name, of: path)
            size -= Self.cost(child)
            forget(child)
        }
        nodes[path] = Node(names: names, valueSize: former?.valueSize)
        for name in names {
            let child = Self.child(name, of: path)
            if former?.names.contains(name) != true { size += Self.cost(child) }
            if nodes[child] == nil { ask(.children, child) }
        }
        if names.isEmpty {
            // The root is no key.
            if former?.valueSize == nil, path.count > 1 { ask(.value, path) }
        } else if let valueSize = former?.valueSize {
            nodes[path]?.valueSize = nil
            removeKey(path, valueSize)
        }
    }

    private mutating func setValue(_ value: [UInt8], of path: [UInt8]) {
        // It may have got children meanwhile, or be gone: that is reported.
        guard let node = nodes[path], node.names.isEmpty else { return }
        size += value.count - (node.valueSize ?? 0)
        nodes[path]?.valueSize = value.count
        changes[path] = .some(value)
    }

    private mutating func removeKey(_ path: [UInt8], _ valueSize: Int) {
        size -= valueSize
        changes.updateValue(nil, forKey: path)
    }

    /// Forgets a node and what is below it.
    private mutating func forget(_ path: [UInt8]) {
        var paths = [path]
        while let path = paths.popLast() {
            guard let node = nodes.removeValue(forKey: path) else { continue }
            if let valueSize = node.valueSize { removeKey(path, valueSize) }
            for name in node.names {
                let child = Self.child(name, of: path)
                size -= Self.cost(child)
                paths.append(child)
            }
        }
    }

    private static let slash = UInt8(ascii: "/")

    private static func child(_ name: [UInt8], of path: [UInt8]) -> [UInt8] {
        path.count == 1 ? path + name : path + [slash] + name
    }

    private static func isName(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name != [UInt8(ascii: ".")] && name != Array("..".utf8) && !name.contains(slash)
            && !name.contains(0)
    }
}
