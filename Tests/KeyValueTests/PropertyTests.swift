import TestSupport
import Testing

@testable import KeyValue

/// Random stores and random queries, compared with the definition.
@Suite struct PropertyTests {
    /// What keys are made of.
    enum Shape: CaseIterable { case clean, anything, deep }

    private func element(_ shape: Shape, _ generator: inout SeededGenerator) -> [UInt8] {
        let letters: [UInt8] = Array(shape == .anything ? "ab-.[\u{e9}".utf8 : "ab-.0".utf8)
        let count = Int.random(in: shape == .anything ? 0...3 : 1...2, using: &generator)
        let bytes = (0..<count).map { _ in letters.randomElement(using: &generator) ?? 0 }
        if shape != .anything, bytes == [dot] || bytes == [dot, dot] { return [UInt8(ascii: "b")] }
        return bytes
    }

    private func path(_ shape: Shape, _ generator: inout SeededGenerator) -> [UInt8] {
        let depth = Int.random(in: shape == .deep ? 1...8 : 1...4, using: &generator)
        let joined = Array((0..<depth).map { _ in element(shape, &generator) }.joined(separator: [slash]))
        return shape == .anything && Bool.random(using: &generator) ? joined : [slash] + joined
    }

    /// Puts wildcards, classes and slips into a path.
    private func pattern(_ path: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        let pieces = ["*", "?", "[ab]", "[^a]", "[^/]", "[.-0]", "\\a", "*", "**", "a*", "[", "]", "\\", "/"]
        var output: [UInt8] = []
        for byte in path {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: output += Array((pieces.randomElement(using: &generator) ?? "").utf8)
            case 1 where byte != slash: output.append(UInt8(ascii: "*"))
            default: output.append(byte)
            }
        }
        return output
    }

    @Test(arguments: Shape.allCases, [1, 2, 3, 4] as [UInt64])
    func queriesAnswerAsTheirDefinition(_ shape: Shape, _ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let size = [0, 1, 5, 20, 40, 400].randomElement(using: &generator) ?? 0
            let keys = (0..<size).map { _ in path(shape, &generator) }
            let naive = NaiveStore(keys)
            let snapshot = Snapshot(keys.map { ($0, $0) })
            #expect(snapshot.keys == naive.keys.map(text))
            for _ in 0..<20 {
                var query = Bool.random(using: &generator) ? path(shape, &generator) : path(.anything, &generator)
                if let key = keys.randomElement(using: &generator), Bool.random(using: &generator) {
                    query = Array(key.prefix(Int.random(in: 0...key.count, using: &generator)))
                }
                compare(snapshot, naive, query)
                try compareGlob(snapshot, naive, pattern(query, &generator))
            }
        }
    }

    private func compare(_ snapshot: Snapshot, _ naive: NaiveStore, _ query: [UInt8]) {
        withBytes(query) { bytes in
            #expect(snapshot.children(of: bytes).map(\.array) == naive.ls(query), "ls \(text(query))")
            #expect(snapshot.directories(of: bytes).map(\.array) == naive.lsdir(query), "lsdir \(text(query))")
            let hint = query.count % 7 * snapshot.count / 6
            #expect(snapshot.find(bytes, near: hint) == naive.keys.firstIndex(of: query), "find \(text(query))")
        }
    }

    private func compareGlob(_ snapshot: Snapshot, _ naive: NaiveStore, _ pattern: [UInt8]) throws {
        let expected = Result { () throws(PatternError) in try naive.gets(pattern) }
        let found = Result { () throws(PatternError) in
            try withBytes(pattern) { bytes throws(PatternError) in try snapshot.glob(bytes) }
                .flatMap { $0.map { snapshot.key(at: $0).array } }
        }
        #expect(found == expected, "gets \(text(pattern))")
        if let ranges = try? withBytes(pattern, { bytes throws(PatternError) in try snapshot.glob(bytes) }) {
            let values = ranges.flatMap { $0.map { snapshot.value(at: $0).array } }
            #expect(
                snapshot.sortedValues(ranges).map(Array.init) == values.sorted { $0.lexicographicallyPrecedes($1) },
                "getvs \(text(pattern))")
        }
        let glob = withBytes(pattern) { Glob($0) }
        for hint in [snapshot.count / 2, snapshot.count] {
            let hinted = Result { () throws(PatternError) in try snapshot.glob(glob, near: hint) }
            #expect(
                (try? hinted.get().joined().count) == (try? expected.get().count), "gets \(text(pattern)) near \(hint)")
        }
        if !glob.isMalformed, let expected = try? expected.get() {
            // A second way to the same answer, which the walk does not use.
            #expect(naive.keys.filter { withBytes($0) { glob.matches($0) } } == expected, "match \(text(pattern))")
        }
    }
}
