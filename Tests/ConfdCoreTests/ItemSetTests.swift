import KeyValue
import Rendering
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// Which items there are, and which file each has.
@Suite struct ItemSetTests {
    private static let environment = TemplateEnvironment(templateFolder: "/nowhere")

    private func rule(_ forEach: String = "/app/*", _ name: String = "{{.name}}.conf") throws -> ItemRule {
        let resource = try Resource.test(
            destination: "/nowhere/\(name)", fields: "for_each = \"\(forEach)\"\nprune = true")
        return try #require(resource.items)
    }

    private func snapshot(_ keys: [String]) -> Snapshot {
        Snapshot(keys.map { (Array($0.utf8), Array("v".utf8)) })
    }

    private func set(_ keys: [String], _ rule: ItemRule) -> (set: ItemSet, difference: ItemSet.Difference) {
        var set = ItemSet(rule, environment: Self.environment)
        let difference = set.update(nil, to: snapshot(keys))
        return (set, difference)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func keysAndDirectoriesAreItems() throws {
        let (set, difference) = set(["/app/b", "/app/a/x", "/app/a/y", "/other/c", "/app"], try rule())
        #expect(difference.begun.map { text($0.fileName) } == ["a.conf", "b.conf"])
        #expect(set.index(of: Array("/app/b".utf8)) == 1)
    }

    private static let names: [(key: String, error: ItemNameError)] = [
        ("/app/.hidden", .leadingDot), ("/app/a\tb", .controlCharacter),
        ("/app/" + String(repeating: "x", count: 251), .tooLong(256)),
    ]

    @Test(arguments: names)
    func refusesNames(key: String, error: ItemNameError) throws {
        let (set, difference) = set([key, "/app/good"], try rule())
        #expect(difference.begun.count == 1)
        #expect(Array(set.problems.values) == [error])
        #expect(set.problem?.message == "\(key) has no file: \(error.message)")
    }

    private static let raw: [(name: [UInt8], error: ItemNameError)] = [
        ([], .empty), (Array(".".utf8), .leadingDot), (Array("..".utf8), .leadingDot), (Array("a/b".utf8), .slash),
        ([0x61, 0], .controlCharacter), ([0x61, 0x7F], .controlCharacter), ([0xFF], .notUTF8),
    ]

    @Test(arguments: raw)
    func refusesNamesOfFiles(name: [UInt8], error: ItemNameError) {
        // A closure with typed throws given to #expect(throws:) crashes the compiler (6.3.1).
        let found = Result { () throws(ItemNameError) in try ItemNameError.check(name) }
        #expect(throws: error) { try found.get() }
    }

    /// Two items of one file: neither has it, until one of them is gone.
    @Test func oneFileForOneItem() throws {
        let rule = try rule("/app/*/*", "{{.name}}.conf")
        var (set, first) = set(["/app/a/x"], rule)
        #expect(first.begun.count == 1)
        let both = snapshot(["/app/a/x", "/app/b/x"])
        let second = set.update(both.difference(from: snapshot(["/app/a/x"])), to: both)
        #expect(second.begun.isEmpty && second.ended.map(text) == ["/app/a/x"])
        let (a, b) = (Array("/app/a/x".utf8), Array("/app/b/x".utf8))
        #expect(set.problems == [a: .taken(by: b), b: .taken(by: a)])
        #expect(second.unclaimed.isEmpty && set.claims(Array("x.conf".utf8)))
        let one = snapshot(["/app/b/x"])
        let third = set.update(one.difference(from: both), to: one)
        #expect(third.begun.map { text($0.item.key) } == ["/app/b/x"])
        #expect(third.unclaimed.isEmpty)
    }

    /// After random changes the set is the same as one that is made from the keys alone, and the differences lead there.
    @Test func randomHistories() throws {
        let rule = try rule("/app/*/*", "{{.name}}")
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var set = ItemSet(rule, environment: Self.environment)
            var keys: Set<String> = []
            var old: Snapshot?
            var units: [[UInt8]: [UInt8]] = [:]
            for _ in 0..<12 {
                for _ in 0..<Int.random(in: 1...25, using: &random) {
                    let folder = "/app/\("ab".randomElement(using: &random)!)/\("xyz".randomElement(using: &random)!)"
                    let key = folder + ["", "/1", "/2"].randomElement(using: &random)!
                    if Bool.random(using: &random) { keys.insert(key) } else { keys.remove(key) }
                }
                let new = snapshot(keys.sorted())
                let difference = set.update(old.map { new.difference(from: $0) }, to: new)
                for key in difference.ended { #expect(units.removeValue(forKey: key) != nil) }
                for unit in difference.begun { #expect(units.updateValue(unit.fileName, forKey: unit.item.key) == nil) }
                for name in difference.unclaimed { #expect(!set.claims(name)) }
                old = new
                var fresh = ItemSet(rule, environment: Self.environment)
                let whole = fresh.update(nil, to: new)
                #expect(units == Dictionary(uniqueKeysWithValues: whole.begun.map { ($0.item.key, $0.fileName) }))
                #expect(set.order == fresh.order, "seed \(seed)")
                #expect(set.problems.keys == fresh.problems.keys)
            }
        }
    }
}
