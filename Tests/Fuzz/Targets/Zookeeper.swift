import KeyValue

@testable import Backends

/// What a ZooKeeper server sends is decoded or refused, in whatever pieces it arrives; whatever it says of its nodes, the tree
/// has only keys below its roots.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        let whole = frames([bytes])
        let cut = bytes.isEmpty ? 0 : Int(bytes[0]) % (bytes.count + 1)
        check(frames([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "two parts give the same")
        if bytes.count <= 256 { check(frames(bytes.map { [$0] }) == whole, "single bytes give the same") }
        for frame in whole { decode(frame) }
        decode(bytes)
        checkTree(input)
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        for frame in frames([Array(input)]) { decode(frame) }
    }

    /// The messages in `parts`, the pieces of one stream; an error that ends it is the last one.
    private static func frames(_ parts: [[UInt8]]) -> [[UInt8]] {
        var decoder = ZookeeperFrames(limit: 1_000)
        var frames: [[UInt8]] = []
        do throws(ZookeeperMalformed) {
            for part in parts {
                decoder.bytes += part
                while let frame = try decoder.next() { frames.append(frame) }
            }
        } catch {
            frames.append(Array("\(error)".utf8))
        }
        return frames
    }

    private static func decode(_ frame: [UInt8]) {
        do throws(JuteReader.Malformed) {
            switch try ZookeeperMessage(frame) {
            case .event(let event): check(event.path.count <= frame.count, "a path lies in its message")
            case .reply(_, _, let body):
                var reader = body
                if let names = try reader.buffers(limit: 100) {
                    check(names.count <= 100, "no more than the limit")
                    check(names.reduce(0) { $0 + $1.count + 4 } <= frame.count, "names lie in their message")
                }
            case .pong, .other: break
            }
        } catch {}
    }

    // MARK: The tree

    private static let roots = [Array("/a".utf8), Array("/b/c".utf8)]
    /// Six names of nodes, and five that ZooKeeper does not allow.
    private static let names = ["x", "y", "z", "long name", ".hidden", "ü", "", ".", "..", "s/t", "\0"].map {
        Array($0.utf8)
    }

    /// The input decides answers and reports. After its end every node is missing; and when the deletion of every node that was
    /// asked for has been reported, no key is left.
    private static func checkTree(_ input: UnsafeBufferPointer<UInt8>) {
        var reader = ByteReader(input)
        var left = input.count
        func byte() -> Int {
            left -= 1
            return Int(reader.byte())
        }
        var tree = ZookeeperTree(roots)
        var keys: Set<[UInt8]> = []
        var asked = Set(roots)
        do throws(ZookeeperMalformed) {
            for _ in 0..<1_000 {
                guard let questions = tree.nextRound() else {
                    apply(tree.takeChanges(), to: &keys)
                    if left <= 0 { break }
                    tree.doubtEverything()
                    tree.take(event(byte(), byte()))
                    continue
                }
                for question in questions {
                    asked.insert(question.path)
                    if left > 0, byte() % 4 == 0 { tree.take(event(byte(), byte())) }
                    try tree.take(left > 0 ? answer(byte(), byte()) : .missing, to: question)
                    check(tree.size >= 0, "no less than nothing")
                }
            }
            check(tree.nextRound() == nil, "what is asked comes to an end")
            for path in asked { tree.take(ZookeeperEvent(kind: .deleted, path: path)) }
            apply(tree.takeChanges(), to: &keys)
            check(keys.isEmpty && tree.size == 0, "without nodes nothing is left: \(tree.size) bytes, \(keys)")
        } catch {
            check(isRefused(error), "only a name is refused: \(error)")
        }
    }

    private static func apply(_ changes: [Update], to keys: inout Set<[UInt8]>) {
        for change in changes {
            check(roots.contains { change.key.starts(with: $0) }, "a key lies below the folders")
            if change.value == nil { keys.remove(change.key) } else { keys.insert(change.key) }
        }
    }

    private static func isRefused(_ error: ZookeeperMalformed) -> Bool {
        if case .name = error { true } else { false }
    }

    private static func answer(_ kind: Int, _ which: Int) -> ZookeeperTree.Answer {
        switch kind % 5 {
        case 0: .missing
        case 1: .present
        case 2: .value([UInt8](repeating: 65, count: which))
        // An invalid name is rare: it ends the run, and nothing after it would be tested.
        case 3: .children([names[which % 6], names[which / 6 % 6]])
        default: .children(which > 250 ? [names[which - 245]] : which % 2 == 0 ? [] : [names[which % 6]])
        }
    }

    private static func event(_ kind: Int, _ which: Int) -> ZookeeperEvent {
        var path = roots[which % 2]
        for place in 0..<(which / 2 % 3) { path += Array("/".utf8) + names[(which / 8 + place) % 6] }
        return ZookeeperEvent(kind: ZookeeperEvent.Kind(rawValue: Int32(1 + kind % 4)) ?? .created, path: path)
    }

    static let pumps = [
        Pump("empty messages") { _ in "\0\0\0\0" },
        Pump("messages") { _ in "\0\0\0\u{02}ab" },
        Pump("lists") { _ in
            "\0\0\0\u{19}" + String(repeating: "\0", count: 16) + "\0\0\0\u{01}" + "\0\0\0\u{01}" + "x"
        },
    ]
}
