import KeyValue
import Testing

@testable import ConfdCore
@testable import Rollout

@Suite struct RolloutCommandTests {
    /// Names in the store, and reasons, are whatever somebody has written there: no control character reaches a terminal.
    @Test func printsNamesWithoutControlCharacters() {
        let name = "a\u{1B}[2J\nb.toml"
        let keys = GroupKeys(group: "web/\(name)")
        let change = ChangeName(number: 7, id: "ab12")
        let entries: [(GroupKeys.Key, String)] = [
            (.current, "7-ab12"), (.of(change, .queue("h\u{7}")), ""),
            (.of(change, .halt), "h: \u{1B}[31mbroken\nhere"),
        ]
        let updates = entries.enumerated().map { number, entry in
            Update(key: keys.bytes(entry.0), value: Array(entry.1.utf8), revision: Int64(number + 1))
        }
        var view = GroupView(keys)
        view.take(Snapshot([]).applying(updates, revision: 9), after: Snapshot([]))
        let table = RolloutCommand.table([(resource: name, view: view)], isColoured: false)
        let lines = table.split(separator: "\n")
        #expect(lines.count == 3 && lines[2].contains(" is halted: h: "), "\(table)")
        #expect(table.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" }, "\(table)")
    }
}
