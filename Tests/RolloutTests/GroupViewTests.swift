import KeyValue
import Testing

@testable import Rollout

/// The state of a group, as it is read from the store's keys.
@Suite struct GroupViewTests {
    private let keys = GroupKeys(group: "web/app.toml")
    private let change = ChangeName(number: 7, id: "ab12")

    @Test(arguments: [
        ("7-ab12", true), ("0-ab", false), ("-7-ab", false), ("07-ab", false), ("+7-ab", false), ("7-", false),
        ("7-AB", false), ("7-xy", false), ("7", false), ("", false), ("99999999999999999999-ab", false),
        ("7-\(String(repeating: "a", count: 65))", false), ("7-ab/c", false),
    ])
    func readsNamesOfChanges(_ text: String, _ isGood: Bool) {
        #expect(ChangeName(text[...])?.text == (isGood ? text : nil))
    }

    @Test(arguments: [
        GroupKeys.Key.current, .member("host"), .of(ChangeName(number: 7, id: "ab12"), .queue("host")),
        .of(ChangeName(number: 7, id: "ab12"), .started("host")), .of(ChangeName(number: 7, id: "ab12"), .done("host")),
        .of(ChangeName(number: 7, id: "ab12"), .ok), .of(ChangeName(number: 7, id: "ab12"), .halt),
    ])
    func readsWhatItWrites(_ key: GroupKeys.Key) {
        let bytes = keys.bytes(key)
        #expect(bytes.starts(with: Array("/_confd/rollout/web/app.toml/".utf8)))
        #expect(keys.key(bytes) == key)
    }

    @Test(arguments: [
        "/_confd/rollout/web/app.toml", "/_confd/rollout/web/app.toml/", "/_confd/rollout/web/app.toml//",
        "/_confd/rollout/web/app.toml/members", "/_confd/rollout/web/app.toml/members/",
        "/_confd/rollout/web/app.toml/members/a/b", "/_confd/rollout/web/app.toml/7-ab12",
        "/_confd/rollout/web/app.toml/7-ab12/queue", "/_confd/rollout/web/app.toml/7-ab12/other/host",
        "/_confd/rollout/web/app.toml/x/queue/host", "/_confd/rollout/web/other.toml/current", "",
        "/_confd/rollout/web/app.toml/members/\(String(repeating: "x", count: 600))",
    ])
    func passesOverOtherKeys(_ key: String) { #expect(keys.key(Array(key.utf8)) == nil) }

    private func snapshot(_ entries: [(GroupKeys.Key, String, Int64)]) -> Snapshot {
        Snapshot([]).applying(
            entries.map { Update(key: keys.bytes($0), value: Array($1.utf8), revision: $2) }, revision: 100)
    }

    @Test func takesSnapshotsOneAfterTheOther() {
        var view = GroupView(keys)
        let first = snapshot([
            (.current, "7-ab12", 3), (.member("a"), "", 4), (.of(change, .queue("a")), "", 6),
            (.of(change, .queue("b")), "", 5), (.of(change, .started("b")), "", 8),
            (.of(change, .started("c")), "", 9),
        ])
        view.take(first, after: Snapshot([]))
        #expect(view.current?.name == change && view.current?.version == 3 && view.members == ["a": ""])
        #expect(view.currentChange?.order.map(\.host) == ["b", "a"], "the order in which they came")
        #expect(view.currentChange?.rank(of: "a") == 1 && view.currentChange?.rank(of: "c") == nil)
        #expect(view.currentChange?.deadHolder == "c" && view.currentChange?.holderCount == 1)
        let second = snapshot([
            (.current, "7-ab12", 3), (.of(change, .queue("a")), "", 6), (.of(change, .queue("b")), "", 5),
            (.of(change, .done("b")), "", 12), (.of(change, .halt), "b: \u{1B}[2J\nit broke", 13),
        ])
        view.take(second, after: first)
        #expect(view.members.isEmpty && view.currentChange?.order.map(\.host) == ["a"])
        #expect(view.currentChange?.holderCount == 0 && view.currentChange?.deadHolder == nil)
        #expect(view.currentChange?.halt?.text == "b: \\x1b[2J\\nit broke")
        view.take(Snapshot([]), after: second)
        #expect(view.changes.isEmpty && view.current == nil)
    }

    /// A value in `current` that is no change is replaced: hosts do not wait for it.
    @Test func replacesACurrentChangeThatIsNone() {
        var view = GroupView(keys)
        view.take(snapshot([(.current, "nonsense", 3)]), after: Snapshot([]))
        #expect(view.current == nil && view.currentVersion == 3)
    }
}
