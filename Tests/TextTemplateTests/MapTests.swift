import TestSupport
import Testing

@testable import TextTemplate

struct MapTests {
    /// Maps of up to 23 keys, added in random order: small ones are searched one by one, larger ones are not.
    @Test(arguments: 0..<24)
    func findsWhatWasAdded(_ count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let keys = (0..<count).map { ByteString(String(repeating: "k", count: $0 % 5) + String($0)) }
        let entries = keys.enumerated().map { (key: $0.element, value: Value.int($0.offset)) }.shuffled(using: &random)
        let map = Map(entries)
        #expect(map.keys == keys.sorted())
        for (key, value) in entries {
            guard case .int(let number)? = map[key], case .int(let expected) = value else {
                Issue.record("\(key.text) is missing")
                return
            }
            #expect(number == expected)
        }
        for missing in ["", "k", "zz", "0123456789"] as [ByteString] { #expect(map[missing] == nil) }
    }

    @Test func keepsTheLastOfEqualKeys() {
        let map = Map([("b", .int(1)), ("a", .int(2)), ("b", .int(3)), ("a", .int(4)), ("b", .int(5))])
        #expect(map.keys == ["a", "b"])
        #expect(map.values.map(\.integer) == [4, 5])
        #expect(map.count == 2)
    }

    @Test func countsHowDeepItNests() {
        let inner = Map([("x", .slice(Slice(.any, [.map(Map([]))])))])
        #expect(Value.map(Map([("a", .int(1)), ("b", .map(inner))])).depth == 4)
    }
}
