import Rollout
import Testing

@testable import ConfdCore

/// Sessions of several hosts in one rollout, with a clock and a store of the test's own.
@Suite struct RolloutSessionTests {
    private func world(_ count: Int = 3, _ settings: String = RolloutWorld.settings) throws -> RolloutWorld {
        try RolloutWorld(count, settings)
    }

    private func message(_ host: RolloutHost) -> String? { host.session.state(nil).message }

    @Test func aCanaryThenTheOthers() throws {
        let world = try world()
        world.store.put("/app/name", "1")
        world.settle()
        #expect(world.files == ["1", "0", "0"] && world.hosts[0].verifications == 1)
        #expect(message(world.hosts[0])?.hasPrefix("it is this host's turn, as a canary") == true)
        #expect(message(world.hosts[1]) == "the canary goes first: host1")
        world.advance(.seconds(59))
        #expect(world.files == ["1", "0", "0"])
        world.advance(.seconds(1))
        world.finish()
        #expect(world.files == ["1", "1", "1"])
        #expect(world.hosts.map(\.verifications) == [2, 1, 1], "the canary once more after its time")
        #expect(world.hosts.map(\.endedTrials) == [1, 1, 1], "nothing is kept of the files before")
        #expect(world.hosts.allSatisfy { $0.session.state(nil) == .free })
    }

    // MARK: - Leases

    /// The lease of a host ends in its turn although confd still runs, as after a long pause of the machine: the others halt.
    @Test func aLeaseThatEndsInATurnHalts() throws {
        let world = try world()
        world.store.put("/app/name", "1")
        world.settle()
        world.hosts[0].isAlive = false
        world.store.endLease(of: "host1")
        world.settle()
        let words = "halted: host1: its lease ended before it was done"
        #expect(message(world.hosts[1]) == words && message(world.hosts[2]) == words)
        world.hosts[0].isAlive = true
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "0", "0"], "that it works in the end is no reason to go on")
        #expect(world.entries().contains("done/host1") && world.entries().contains("halt"))
        try world.operate { $0.resuming() }
        world.settle()
        world.finish()
        #expect(world.files == ["1", "1", "1"])
    }

    /// A lease that ends and is granted again before another host reads the keys causes no halt.
    @Test func aLeaseThatComesBackInTimeIsNoFailure() throws {
        let world = try world()
        world.store.put("/app/name", "1")
        world.settle()
        world.store.endLease(of: "host1")
        world.hosts[0].pass(at: world.now)
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "1", "1"] && !world.entries().contains("halt"))
    }

    // MARK: - Transactions

    /// Two hosts note the same change at once: one of them is too late, and both go on with the one that is there.
    @Test func oneOfTwoTransactionsIsTooLate() throws {
        let world = try world(2)
        for host in world.hosts { host.holdsTransactions = true }
        world.store.put("/app/name", "1")
        world.settle()
        let transactions = world.hosts.flatMap(\.heldTransactions)
        #expect(transactions.count == 2 && Set(transactions).count == 1, "both would write the same")
        for host in world.hosts { host.holdsTransactions = false }
        #expect(world.hosts[0].answer(transactions[0], at: world.now))
        #expect(!world.hosts[1].answer(transactions[1], at: world.now))
        world.settle()
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "1"])
    }

    /// A transaction is committed but its answer is lost: the host finds it in the keys, and does not write its file twice.
    @Test func anAnswerThatIsLost() throws {
        let world = try world(2)
        world.hosts[0].holdsTransactions = true
        world.store.put("/app/name", "1")
        for _ in 0..<20 {
            world.settle()
            for transaction in world.hosts[0].heldTransactions {
                world.hosts[0].answer(transaction, isKnown: false, at: world.now)
            }
            world.advance(.seconds(10))
        }
        world.finish()
        #expect(world.files == ["1", "1"] && world.hosts[0].written == ["1"])
        #expect(!world.entries().contains { $0.hasPrefix("started/") })
    }

    // MARK: - Halts

    /// A host that has its turn finishes it; no other begins until the halt is removed.
    @Test func aHaltThatAppearsAndGoesWhileOthersWait() throws {
        let world = try world()
        world.store.put("/app/name", "1")
        world.settle()
        try world.operate { $0.halting(because: "an operator") }
        world.settle()
        #expect(message(world.hosts[1]) == "halted: an operator")
        #expect(message(world.hosts[0])?.hasPrefix("it is this host's turn") == true)
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "0", "0"] && world.entries().contains("done/host1"))
        try world.operate { $0.resuming() }
        world.settle()
        world.finish()
        #expect(world.files == ["1", "1", "1"])
    }

    /// A stop of confd in between must not look like the death of a host in its turn: its place stays on its lease.
    @Test func itsPlaceStaysFromTheMomentThatItMayHaveItsTurn() throws {
        let world = try world(1)
        let host = world.hosts[0]
        let staying = { host.session.places.filter(\.outlivesStop).count }
        world.store.put("/app/name", "1")
        host.pass(at: world.now)
        host.holdsTransactions = true
        host.pass(at: world.now)
        #expect(staying() == 0, "it waits")
        host.pass(at: world.now)
        let start = try #require(host.heldTransactions.first)
        #expect(staying() == 1, "asked for")
        host.answer(start, at: world.now)
        #expect(staying() == 1, "made, and not seen yet")
        host.holdsTransactions = false
        world.settle()
        #expect(host.file == "1" && staying() == 1, "in its turn")
        world.advance(.seconds(60))
        world.finish()
        #expect(staying() == 0)
    }

    /// A confd that starts keeps the place of its turn before it has rendered anything: others would take it for dead.
    @Test func aRestartKeepsThePlaceOfATurn() throws {
        let world = try world(2)
        world.store.put("/app/name", "1")
        world.settle()
        let host = world.hosts[0]
        let place = try #require(host.session.places.first { $0.outlivesStop })
        let session = RolloutSession(host.resource, host.session.definition, host: host.name)
        #expect(session.places.isEmpty, "what is in the store is not known yet")
        session.takeGroup(world.store.snapshot)
        #expect(session.places.contains { $0.key == place.key && $0.outlivesStop })
        host.session = session
        world.advance(.seconds(60))
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "1"] && !world.entries().contains("halt"))
    }

    /// A host whose turn was noted when the halt came writes nothing.
    @Test func aHaltBeforeTheFileIsWritten() throws {
        let world = try world(1)
        world.hosts[0].holdsTransactions = true
        world.store.put("/app/name", "1")
        world.settle()
        // First that there is a change, then that its turn begins.
        world.hosts[0].answer(try #require(world.hosts[0].heldTransactions.first), at: world.now)
        world.hosts[0].pass(at: world.now)
        world.hosts[0].pass(at: world.now)
        #expect(world.store.commit(try #require(world.hosts[0].heldTransactions.first)))
        #expect(world.entries().contains("started/host1"))
        try world.operate { $0.halting(because: "an operator") }
        world.hosts[0].session.committed(.success(true), at: world.now)
        world.hosts[0].holdsTransactions = false
        world.settle()
        #expect(world.files == ["0"] && !world.entries().contains("started/host1"))
        #expect(message(world.hosts[0]) == "halted: an operator")
    }

    // MARK: - Newer changes

    @Test func aChangeThatIsSuperseded() throws {
        let world = try world()
        world.store.put("/app/name", "1")
        world.settle()
        world.advance(.seconds(30))
        world.store.put("/app/name", "2")
        world.settle()
        #expect(world.files.count { $0 == "2" } == 1, "a canary again")
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["2", "2", "2"])
        #expect(world.hosts.map { $0.written.contains("1") } == [true, false, false])
        #expect(world.entries().allSatisfy { !$0.hasPrefix("started/") && !$0.hasPrefix("queue/") })
    }

    // MARK: - What fails in a turn

    @Test func theDiskIsFull() throws {
        let world = try world()
        world.hosts[0].writeFailure = "no space left on device"
        world.store.put("/app/name", "1")
        world.settle()
        world.finish()
        #expect(world.files == ["0", "0", "0"] && world.hosts[0].written.isEmpty)
        for host in world.hosts { #expect(message(host) == "halted: host1: no space left on device") }
        #expect(!world.entries().contains("started/host1"), "its turn is over")
        world.hosts[0].writeFailure = nil
        world.store.put("/app/name", "2")
        world.settle()
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["2", "2", "2"])
    }

    @Test(arguments: ["after the reload", "after its time"])
    func itsServiceDoesNotWork(_ moment: String) throws {
        let world = try world()
        if moment == "after the reload" { world.hosts[0].verdict = .fails("verify_cmd failed: exit status 1") }
        world.store.put("/app/name", "1")
        world.settle()
        if moment == "after its time" {
            #expect(world.files == ["1", "0", "0"])
            world.hosts[0].verdict = .fails("verify_cmd failed: exit status 1")
            world.advance(.seconds(60))
        }
        world.finish()
        #expect(world.files == ["0", "0", "0"] && world.hosts[0].written == ["1", "0"])
        for host in world.hosts { #expect(message(host) == "halted: host1: verify_cmd failed: exit status 1") }
        #expect(!world.entries().contains("started/host1"), "its turn is over")
    }

    @Test func itsReloadFails() throws {
        let world = try world()
        world.hosts[0].reloadFailure = "exit status 7"
        world.store.put("/app/name", "1")
        world.settle()
        #expect(world.hosts[0].written == ["1", "0"])
        #expect(message(world.hosts[1]) == "halted: host1: its reload failed: exit status 7")
    }

    /// The verify command does not end: no other host begins, not even with a newer change, and the late verdict still counts.
    @Test func theVerificationNeverReturns() throws {
        let world = try world()
        world.hosts[0].verdict = .never
        world.store.put("/app/name", "1")
        world.settle()
        world.advance(.seconds(3_600))
        world.finish()
        #expect(world.files == ["1", "0", "0"] && world.hosts[0].session.deadline == nil)
        #expect(message(world.hosts[1]) == "the canary goes first: host1")
        world.store.put("/app/name", "2")
        world.advance(.seconds(3_600))
        #expect(world.files == ["1", "0", "0"] && message(world.hosts[1]) == "the canary goes first: host1")
        world.hosts[0].verdict = .works
        world.hosts[0].session.verified("verify_cmd failed: timed out after 30s", at: world.now)
        world.settle()
        #expect(world.hosts[0].written.prefix(2) == ["1", "0"], "back to what there was, then on")
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["2", "2", "2"] && world.hosts.dropFirst().allSatisfy { $0.written == ["2"] })
    }

    /// The verify command fails after its host has lost its turn: that verdict is ignored.
    @Test func anAnswerOfATurnThatIsOver() throws {
        let world = try world()
        world.hosts[0].verdict = .never
        world.store.put("/app/name", "1")
        world.settle()
        world.hosts[0].isAlive = false
        world.store.endLease(of: "host1")
        for host in world.hosts.dropFirst() { host.pass(at: world.now) }
        try world.operate { $0.resuming() }
        world.hosts[0].session.verified("verify_cmd failed: exit status 1", at: world.now)
        world.hosts[0].isAlive = true
        world.hosts[0].verdict = .works
        world.settle()
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "1", "1"] && !world.entries().contains("halt"))
    }

    // MARK: - Two groups

    /// Two groups of one store are independent, although the name of one begins with that of the other.
    @Test func twoGroups() throws {
        let world = try world(2)
        try world.add("other1", group: "web-2")
        try world.add("other2", group: "web-2")
        world.hosts[2].verdict = .fails("verify_cmd failed: exit status 1")
        world.store.put("/app/name", "1")
        world.settle()
        #expect(world.files == ["1", "0", "0", "0"], "a canary in each; that of the second has gone back")
        #expect(world.entries(group: "web-2").contains("halt") && !world.entries().contains("halt"))
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "1", "0", "0"])
        try world.operate({ $0.resuming() }, group: "web-2")
        world.hosts[2].verdict = .works
        world.settle()
        world.advance(.seconds(60))
        world.finish()
        #expect(world.files == ["1", "1", "1", "1"])
    }
}
