import KeyValue
import TestSupport
import Testing

@testable import Backends

/// The state machine against a ZooKeeper in memory: requests and messages are delayed at random, and nodes change at any time.
@Suite struct ZookeeperTreeTests {
    /// Nodes and the watches on them; each watch reports one change.
    private struct Server {
        var nodes: [String: String] = ["/": ""]
        var childWatches: Set<String> = []
        var valueWatches: Set<String> = []

        func children(of path: String) -> [String] {
            let start = path == "/" ? "/" : path + "/"
            return nodes.keys.filter { $0.hasPrefix(start) && $0 != "/" && !$0.dropFirst(start.count).contains("/") }
                .map { String($0.dropFirst(start.count)) }
        }

        static func parent(of path: String) -> String {
            let end = path.lastIndex(of: "/") ?? path.startIndex
            return end == path.startIndex ? "/" : String(path[..<end])
        }

        /// The keys as confd has them below `roots`.
        func keys(_ roots: [String]) -> [String: String] {
            nodes.filter { path, _ in
                path != "/" && children(of: path).isEmpty
                    && roots.contains { $0 == "/" || path == $0 || path.hasPrefix($0 + "/") }
            }
        }

        mutating func answer(_ question: ZookeeperTree.Question) -> ZookeeperTree.Answer {
            let path = String(decoding: question.path, as: UTF8.self)
            if question.kind == .existence { valueWatches.insert(path) }
            guard let value = nodes[path] else { return .missing }
            switch question.kind {
            case .existence: return .present
            case .children:
                childWatches.insert(path)
                return .children(children(of: path).map { Array($0.utf8) })
            case .value:
                valueWatches.insert(path)
                return .value(Array(value.utf8))
            }
        }

        mutating func set(_ path: String, _ value: String) -> [ZookeeperEvent] {
            let isNew = nodes.updateValue(value, forKey: path) == nil
            var events: [ZookeeperEvent] = []
            if valueWatches.remove(path) != nil { events.append(event(isNew ? .created : .valueChanged, path)) }
            let parent = Self.parent(of: path)
            if isNew, childWatches.remove(parent) != nil { events.append(event(.childrenChanged, parent)) }
            return events
        }

        mutating func delete(_ path: String) -> [ZookeeperEvent] {
            nodes[path] = nil
            var events: [ZookeeperEvent] = []
            let wasWatched = [valueWatches.remove(path), childWatches.remove(path)].contains { $0 != nil }
            if wasWatched { events.append(event(.deleted, path)) }
            let parent = Self.parent(of: path)
            if childWatches.remove(parent) != nil { events.append(event(.childrenChanged, parent)) }
            return events
        }

        private func event(_ kind: ZookeeperEvent.Kind, _ path: String) -> ZookeeperEvent {
            ZookeeperEvent(kind: kind, path: Array(path.utf8))
        }
    }

    private enum Message {
        case event(ZookeeperEvent)
        /// An answer, and the server's state when it was given.
        case answer(ZookeeperTree.Answer, Server)
    }

    private static func change(_ server: inout Server, _ generator: inout SeededGenerator) -> [ZookeeperEvent] {
        let parents = ["/"] + server.nodes.keys.filter { $0 != "/" && $0.count < 7 }.sorted()
        let path = parents.randomElement(using: &generator) ?? "/"
        switch Int.random(in: 0..<3, using: &generator) {
        case 0 where path != "/" && server.children(of: path).isEmpty: return server.delete(path)
        case 1 where path != "/": return server.set(path, "\(Int.random(in: 0..<100, using: &generator))")
        default:
            let name = ["a", "b", "c"].randomElement(using: &generator) ?? ""
            return server.set((path == "/" ? "" : path) + "/" + name, "new")
        }
    }

    @Test(arguments: [["/"], ["/a"], ["/a/b", "/c", "/b/a/c"]])
    func everythingIsOfTheMomentOfTheLastReply(_ roots: [String]) throws {
        for seed in UInt64(0)..<50 {
            var generator = SeededGenerator(seed: seed)
            var server = Server()
            for _ in 0..<Int.random(in: 0..<30, using: &generator) { _ = Self.change(&server, &generator) }
            var tree = ZookeeperTree(roots.map { Array($0.utf8) })
            var snapshot = Snapshot([])
            var pending: [ZookeeperEvent] = []
            for _ in 0..<6 {
                var last: [String: String]?
                var rounds = 0
                while let questions = tree.nextRound() {
                    rounds += 1
                    // Changes come to an end, so that this does as well.
                    last = try Self.run(questions, &tree, &server, &pending, &generator, roots, mayChange: rounds < 8)
                }
                snapshot = snapshot.changed(by: tree.takeChanges()) ?? snapshot
                if let last { #expect(snapshot.texts == last, "seed \(seed)") }
                #expect(!tree.isMoving)
                for _ in 0..<Int.random(in: 0..<4, using: &generator) { pending += Self.change(&server, &generator) }
                for event in pending { tree.take(event) }
                pending = []
            }
            // All is forgotten in the end, and takes nothing.
            for path in server.nodes.keys.sorted(by: >) where path != "/" {
                for event in server.delete(path) { tree.take(event) }
            }
            while let questions = tree.nextRound() {
                _ = try Self.run(questions, &tree, &server, &pending, &generator, roots, mayChange: false)
            }
            snapshot = snapshot.changed(by: tree.takeChanges()) ?? snapshot
            #expect(snapshot.isEmpty && tree.size == 0, "seed \(seed): \(tree.size)")
        }
    }

    /// Asks the questions; returns the keys at the moment of the last reply.
    private static func run(
        _ questions: [ZookeeperTree.Question], _ tree: inout ZookeeperTree, _ server: inout Server,
        _ pending: inout [ZookeeperEvent], _ generator: inout SeededGenerator, _ roots: [String],
        mayChange: Bool
    ) throws -> [String: String] {
        var messages = pending.map { Message.event($0) }[...]
        pending = []
        var asked = 0
        var answered = 0
        var last = server
        while answered < questions.count {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0 where asked < questions.count:
                messages.append(.answer(server.answer(questions[asked]), server))
                asked += 1
            case 1 where mayChange: messages += change(&server, &generator).map { .event($0) }
            default:
                guard let message = messages.popFirst() else { continue }
                switch message {
                case .event(let event): tree.take(event)
                case .answer(let answer, let server):
                    try tree.take(answer, to: questions[answered])
                    answered += 1
                    last = server
                }
            }
        }
        // Events after the last reply are delivered in the next call.
        for case .event(let event) in messages { pending.append(event) }
        return last.keys(roots)
    }

    @Test func namesThatCannotBeAreRefused() throws {
        for name in ["", ".", "..", "a/b", "a\u{0}"] {
            var tree = ZookeeperTree([Array("/app".utf8)])
            let question = try #require(tree.nextRound()?.first)
            var failure: ZookeeperMalformed?
            do throws(ZookeeperMalformed) { try tree.take(.children([Array(name.utf8)]), to: question) } catch {
                failure = error
            }
            #expect(failure == .name(Array(name.utf8)))
        }
    }

    /// Events of nodes that are not watched lead to no questions.
    @Test func strangeReportsAreNothing() throws {
        var tree = ZookeeperTree([Array("/app".utf8)])
        let question = try #require(tree.nextRound()?.first)
        try tree.take(.children([]), to: question)
        let value = try #require(tree.nextRound()?.first)
        try tree.take(.value([1]), to: value)
        #expect(tree.nextRound() == nil)
        for kind in [ZookeeperEvent.Kind.created, .valueChanged, .childrenChanged, .deleted] {
            tree.take(ZookeeperEvent(kind: kind, path: Array("/other".utf8)))
        }
        #expect(tree.nextRound() == nil)
    }
}
