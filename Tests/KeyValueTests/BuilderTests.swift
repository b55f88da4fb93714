import Testing

@testable import KeyValue

@Suite struct BuilderTests {
    @Test(arguments: [
        ("in order", ["a", "b", "c"], ["a=v0", "b=v1", "c=v2"]),
        ("out of order", ["b", "c", "a"], ["a=v2", "b=v0", "c=v1"]),
        ("last of equal keys, in order", ["a", "b", "b"], ["a=v0", "b=v2"]),
        ("last of equal keys, out of order", ["b", "a", "b", "a"], ["a=v3", "b=v2"]),
        ("prefixes sort first", ["/a/b", "/a", "/a-", "/a0", ""], ["=v4", "/a=v1", "/a-=v2", "/a/b=v0", "/a0=v3"]),
        ("none", [], []),
    ])
    func sortsKeys(_ name: String, _ keys: [String], _ expected: [String]) {
        #expect(Snapshot(keys: keys).pairs == expected)
    }

    @Test func sortsByUnsignedBytes() {
        let keys: [[UInt8]] = [[0xFF], [0x7F], [0x80, 0], [0x80], [0]]
        let snapshot = Snapshot(keys.map { ($0, []) })
        #expect((0..<snapshot.count).map { snapshot.key(at: $0).array } == [[0], [0x7F], [0x80], [0x80, 0], [0xFF]])
        #expect(snapshot.value(at: 0).count == 0)
    }

    /// Enough keys for several blocks, with the disorder in different places.
    @Test(arguments: [255, 256, 257, 1000], [0, 1, 256, 999])
    func keepsAllBlocks(_ count: Int, _ swapped: Int) {
        var numbers = Array(1000..<1000 + count)
        if swapped < count { numbers.swapAt(0, swapped) }
        let snapshot = Snapshot(numbers.map { ("/k/\($0)", "\($0)") })
        #expect(snapshot.pairs == (1000..<1000 + count).map { "/k/\($0)=\($0)" })
        #expect(snapshot.find("/k/1000") == 0)
        #expect(snapshot.find("/k/\(999 + count)") == count - 1)
        #expect(snapshot.find("/k/\(1000 + count)") == nil)
    }

    @Test func takesAdoptedBuffersApart() {
        let builder = Snapshot.Builder()
        let first = builder.adopt(chunk: Array("..alpha=1..beta=22".utf8))
        let second = builder.adopt(chunk: Array("gamma".utf8))
        builder.append(chunk: first, keyRange: 2..<7, valueRange: 8..<9)
        builder.append(chunk: first, keyRange: 11..<15, valueRange: 16..<18)
        builder.append(chunk: second, keyRange: 0..<5, valueRange: 5..<5)
        withBytes("delta") { key in withBytes("4") { builder.append(key: key, value: $0) } }
        let snapshot = builder.finish(revision: 7)
        #expect(snapshot.pairs == ["alpha=1", "beta=22", "delta=4", "gamma="])
        #expect(snapshot.revision == 7)
    }

    @Test func windowsOutliveTheirSnapshot() {
        var windows: [Window] = []
        do {
            let snapshot = Snapshot([("/a", String(repeating: "x", count: 10_000)), ("/b", "y")])
            windows = [snapshot.value(at: 0), snapshot.key(at: 1), snapshot.key(at: 1)[1..<2]]
        }
        #expect(windows[0].array == Array(repeating: 0x78, count: 10_000))
        #expect(windows[1].text == "/b")
        #expect(windows[2].text == "b")
    }

    @Test func findsNearAnyHint() {
        let snapshot = Snapshot((0..<600).map { ("/\(1000 + 2 * $0)", "") })
        for hint in [0, 1, 255, 256, 300, 599, 600, 5000, -1] {
            for number in [1000, 1001, 1002, 1598, 1599, 1600, 2198, 2199] {
                let expected = number % 2 == 0 ? (number - 1000) / 2 : nil
                #expect(withBytes("/\(number)") { snapshot.find($0, near: hint) } == expected, "\(number) near \(hint)")
            }
        }
    }
}
