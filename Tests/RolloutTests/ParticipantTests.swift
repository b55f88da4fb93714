import Backends
import KeyValue
import Testing

@testable import Rollout

/// The actions of one host, step by step.
@Suite struct ParticipantTests {
    private let keys = GroupKeys(group: "web/app.toml")
    private let change = ChangeName(number: 5, id: "aa")

    private func participant(
        _ canary: RolloutPolicy.Canary = .first(.hosts(1)), at target: Participant.Target
    ) -> Participant {
        let policy = RolloutPolicy(canary: canary, maxParallel: .hosts(1), soak: .seconds(60), verifies: true)
        var participant = Participant(host: "me", keys, policy, random: { 0 })
        participant.rendered(target)
        return participant
    }

    private func target(_ id: String = "aa", since: Int64 = 5, differs: Bool = true, hasFile: Bool = true)
        -> Participant.Target
    {
        Participant.Target(id: id, since: since, known: since, differs: differs, hasFile: hasFile)
    }

    private func view(_ entries: [(GroupKeys.Key, String)]) -> GroupView {
        var view = GroupView(keys)
        for (index, entry) in entries.enumerated() {
            view.take(
                Update(key: keys.bytes(entry.0), value: Array(entry.1.utf8), revision: Int64(index + 10)), at: 100)
        }
        return view
    }

    private func current(_ more: (GroupKeys.Key, String)...) -> GroupView {
        view([(.current, change.text), (.member("me"), "")] + more)
    }

    private func puts(_ action: Participant.Action?) -> [String] {
        guard case .commit(let transaction) = action else { return [] }
        return transaction.changes.map { change in
            switch change {
            case .put(let key, _): "put \(String(decoding: key.dropFirst(keys.path.utf8.count + 1), as: UTF8.self))"
            case .delete(let key): "delete \(String(decoding: key.dropFirst(keys.path.utf8.count + 1), as: UTF8.self))"
            case .deleteBelow(let key):
                "below \(String(decoding: key.dropFirst(keys.path.utf8.count + 1), as: UTF8.self))"
            }
        }
    }

    /// A canary, from its first action to its last.
    @Test func takesItsTurn() {
        var me = participant(at: target())
        #expect(puts(me.next(GroupView(keys), now: .zero)) == ["put current"])
        me.committed(true, now: .zero)
        #expect(me.wantedQueues(current()) == [change])
        me.take(queued: [change])
        let queued = current((.of(change, .queue("me")), ""))
        #expect(!me.keepsPlace(in: change, queued), "a restart gives up the place of a host that waits")
        #expect(puts(me.next(queued, now: .seconds(3))) == ["put 5-aa/started/me"])
        #expect(!me.mayApply("aa"), "an answer says nothing")
        #expect(me.keepsPlace(in: change, queued), "it may have its turn by now")
        me.committed(true, now: .seconds(3))
        let started = current((.of(change, .queue("me")), ""), (.of(change, .started("me")), ""))
        #expect(me.next(started, now: .seconds(4)) == .apply(id: "aa"))
        #expect(me.mayApply("aa") && !me.mayApply("bb"))
        me.rendered(target(differs: false))
        me.applied(nil, replaced: true)
        #expect(me.next(started, now: .seconds(5)) == .verify)
        me.verified(nil, now: .seconds(6))
        #expect(me.next(started, now: .seconds(7)) == nil)
        #expect(me.deadline == .seconds(66))
        #expect(me.next(started, now: .seconds(66)) == .verify, "once more after its time")
        me.verified(nil, now: .seconds(66))
        #expect(me.next(started, now: .seconds(66)) == .commit(done(started)))
        me.committed(true, now: .seconds(66))
        let over = current((.of(change, .done("me")), ""))
        #expect(puts(me.next(over, now: .seconds(67))) == ["put 5-aa/ok"])
        me.committed(true, now: .seconds(67))
        #expect(me.wantedQueues(over).isEmpty)
        #expect(me.next(current((.of(change, .done("me")), ""), (.of(change, .ok), "me")), now: .seconds(70)) == nil)
    }

    private func done(_ view: GroupView) -> Transaction {
        var transaction = Transaction()
        transaction.require(keys.bytes(.of(change, .started("me"))), view.currentChange?.started["me"] ?? 0)
        transaction.change(.put(keys.bytes(.of(change, .done("me"))), value: []))
        transaction.change(.delete(keys.bytes(.of(change, .started("me")))))
        return transaction
    }

    /// The halt is committed before the previous file is put back.
    @Test func haltsAndRollsBack() {
        var me = participant(at: target())
        let started = current((.of(change, .queue("me")), ""), (.of(change, .started("me")), ""))
        #expect(me.next(started, now: .zero) == .apply(id: "aa"))
        me.rendered(target(differs: false))
        me.applied("reload_cmd failed", replaced: true)
        #expect(puts(me.next(started, now: .seconds(1))) == ["put 5-aa/halt"])
        me.committed(true, now: .seconds(1))
        let halted = current(
            (.of(change, .queue("me")), ""), (.of(change, .started("me")), ""),
            (.of(change, .halt), "me: reload_cmd failed"))
        #expect(me.next(halted, now: .seconds(2)) == .rollBack)
        #expect(!me.mayApply("aa"))
        me.rolledBack()
        #expect(puts(me.next(halted, now: .seconds(3))) == ["delete 5-aa/started/me"])
        me.committed(true, now: .seconds(3))
        me.rendered(target())
        let after = current((.of(change, .queue("me")), ""), (.of(change, .halt), "me: reload_cmd failed"))
        #expect(me.next(after, now: .seconds(4)) == nil)
        #expect(me.waitReason(after)?.message == "halted: me: reload_cmd failed")
    }

    @Test(
        arguments: [
            ("no file, the canaries are done", false, [GroupKeys.Entry.ok], true),
            ("no file, no canary is done", false, [], false),
            ("no file, halted", false, [.ok, .halt], false),
            ("a file, the canaries are done", true, [.ok], false),
            ("a file, this host was done before", true, [.done("me")], true),
        ] as [(String, Bool, [GroupKeys.Entry], Bool)])
    func writesWithoutATurn(_ name: String, _ hasFile: Bool, _ entries: [GroupKeys.Entry], _ isFree: Bool) {
        var me = participant(at: target(hasFile: hasFile))
        let view = view([(.current, change.text)] + entries.map { (.of(change, $0), "x") })
        #expect((me.next(view, now: .zero) == .apply(id: "aa")) == isFree)
        #expect(me.mayApply("aa") == isFree)
    }

    /// The same keys give another file when the verdict of a health check changes: that file needs no turn.
    @Test func goesOnWithWhatItHas() {
        var me = participant(at: target(differs: false))
        me.rendered(target(differs: true))
        #expect(me.mayApply("aa") && me.wantedQueues(current()).isEmpty && me.waitReason(current()) == nil)
        me.rendered(target("bb"))
        #expect(!me.mayApply("bb"))
    }

    @Test(
        arguments: [
            ("newer keys", "bb", 6, 6, ["put current"]),
            ("another template, and others wait", "bb", 5, 9, []),
            ("older keys", "bb", 4, 4, []),
        ] as [(String, String, Int64, Int64, [String])])
    func supersedes(_ name: String, _ id: String, _ since: Int64, _ known: Int64, _ expected: [String]) {
        var me = participant(at: Participant.Target(id: id, since: since, known: known, differs: true, hasFile: true))
        let others = current((.of(change, .queue("other")), ""))
        #expect(puts(me.next(others, now: .zero)) == expected)
        #expect(me.isBehind(others) == (known < 5))
    }

    /// With nobody in the queue another template may go ahead, but not keys that may be old.
    @Test(arguments: [(9, ["put current"]), (4, [])] as [(Int64, [String])])
    func goesAheadWhenNobodyWaits(_ known: Int64, _ expected: [String]) {
        var me = participant(at: Participant.Target(id: "bb", since: 4, known: known, differs: true, hasFile: true))
        #expect(puts(me.next(current(), now: .zero)) == expected)
    }

    @Test func namesWhatIsWaitedFor() {
        var me = participant(.named(["db*"]), at: target())
        me.take(queued: [change])
        let queued = current((.of(change, .queue("me")), ""))
        #expect(me.next(queued, now: .zero) == nil)
        #expect(me.waitReason(queued) == .noCanary(["db*"]))
        let member = current((.of(change, .queue("me")), ""), (.member("db1"), ""))
        #expect(me.waitReason(member) == .canary([]))
        #expect(WaitReason.queued(before: 2).message == "2 hosts go first")
    }

    /// A host died in its turn, as if the change crashed confd: the next one halts the rollout.
    @Test func haltsForAHostThatDied() {
        var me = participant(.none, at: target())
        me.take(queued: [change])
        let view = current((.of(change, .queue("me")), ""), (.of(change, .started("gone")), ""))
        #expect(puts(me.next(view, now: .zero)) == ["put 5-aa/halt"])
    }
}
