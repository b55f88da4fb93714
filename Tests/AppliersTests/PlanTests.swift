import Testing

@testable import Appliers

@Suite struct PlanTests {
    private func plan(
        _ desired: [DesiredServer], _ model: ModelBalancer, at now: Duration = .zero,
        _ options: PlanOptions = PlanOptions()
    ) -> Plan {
        var departures = Departures()
        return plan(desired, model, at: now, options, &departures)
    }

    private func plan(
        _ desired: [DesiredServer], _ model: ModelBalancer, at now: Duration, _ options: PlanOptions,
        _ departures: inout Departures
    ) -> Plan {
        Plan(
            desired: desired, actual: model.servers, traits: model.traits, options: options, departures: &departures,
            now: now)
    }

    private func model(_ traits: BalancerTraits, _ servers: [DesiredServer]) -> ModelBalancer {
        var model = ModelBalancer(traits)
        for server in servers { _ = model.take(.add(server)) }
        return model
    }

    @Test func orderIsAddChangeDrainRemove() {
        let model = model(.haproxy, [.local("a", 1), .local("b", 2), .local("c", 3)])
        let (b, c) = (model.servers[1], model.servers[2])
        let plan = plan([.local("a", 1), .local("b", 2, weight: 5), .local("d", 4)], model)
        #expect(
            plan.steps == [
                .add(.local("d", 4)), .change(b, to: .local("b", 2, weight: 5), [.weight]), .park(c), .remove(c),
            ])
        #expect(!plan.isEqual)
    }

    @Test func nothingIsDoneWhereAllIsEqual() {
        let servers: [DesiredServer] = [.local("a", 1, isDrained: true), .local("b", 2, weight: 0), .local("c", 3)]
        let plan = plan(servers, model(.haproxy, servers))
        #expect(plan.steps.isEmpty && plan.isEqual && plan.nextDue == nil)
    }

    @Test func addressChangesInPlaceByIDAndByReplacementByAddress() {
        let desired: [DesiredServer] = [.local("a", 2)]
        let haproxy = model(.haproxy, [.local("a", 1)])
        #expect(plan(desired, haproxy).steps == [.change(haproxy.servers[0], to: desired[0], [.address])])
        let nginx = model(.nginx, [.local("a", 1)])
        let first = plan(desired, nginx)
        // The last one that is up stays until another is.
        #expect(first.steps == [.add(desired[0])])
        #expect(first.debts == [.keptUp("127.0.0.1:1")])
    }

    @Test func theLastAreKept() {
        let model = model(.haproxy, [.local("a", 1), .local("b", 2), .local("c", 3)])
        var options = PlanOptions()
        options.minUp = 2
        let plan = plan([], model, options)
        #expect(plan.debts == [.keptUp("b"), .keptUp("c")])
        #expect(plan.steps.map(\.server) == ["a", "a"])
        #expect(!plan.isEqual)
    }

    @Test func drainingTheLastIsPutOffAndItsOtherFieldsAreChanged() {
        let model = model(.haproxy, [.local("a", 1)])
        let plan = plan([.local("a", 2, weight: 0, isDrained: true)], model)
        #expect(plan.debts == [.keptUp("a")])
        #expect(
            plan.steps == [
                .change(model.servers[0], to: .local("a", 2, weight: 0, isDrained: true), [.address])
            ])
    }

    @Test func whatIsDownMayGo() {
        var model = model(.haproxy, [.local("a", 1), .local("b", 2)])
        model.servers[0].isUp = false
        let plan = plan([], model)
        #expect(plan.steps.map(\.server) == ["a", "a"])
        #expect(plan.debts == [.keptUp("b")])
    }

    @Test func leavingServersDrainFirstAndAreEndedAtLast() {
        var model = model(.haproxy, [.local("a", 1), .local("b", 2)])
        var options = PlanOptions()
        options.drain = .seconds(5)
        options.maxDrain = .seconds(30)
        var departures = Departures()
        let desired: [DesiredServer] = [.local("a", 1)]
        let b = model.servers[1]
        let first = plan(desired, model, at: .seconds(100), options, &departures)
        #expect(first.steps == [.drain(b)])
        #expect(first.nextDue == .seconds(105))
        _ = model.take(.drain(b))
        let second = plan(desired, model, at: .seconds(104), options, &departures)
        #expect(second.steps.isEmpty && second.debts == [.draining("b")] && second.nextDue == .seconds(105))
        model.busy = [b.handle]
        let third = plan(desired, model, at: .seconds(105), options, &departures)
        #expect(third.steps.map(\.isRemoval) == [false, true] && !third.isEqual)
        for step in third.steps { _ = model.take(step) }
        let fourth = plan(desired, model, at: .seconds(106), options, &departures)
        #expect(fourth.isEqual && fourth.parked == ["b"] && fourth.nextDue == .seconds(135))
        #expect(fourth.steps == [.remove(model.servers[1])])
        let last = plan(desired, model, at: .seconds(135), options, &departures)
        #expect(last.isEqual && last.steps == [.disconnect(model.servers[1])])
    }

    @Test func aServerThatComesBackIsPutIntoService() {
        var model = model(.haproxy, [.local("a", 1), .local("b", 2)])
        _ = model.take(.park(model.servers[1]))
        let plan = plan([.local("a", 1), .local("b", 2)], model)
        #expect(plan.steps == [.change(model.servers[1], to: .local("b", 2), [.weight, .state])])
    }

    @Test func wordsReplaceAFewAtATime() {
        let old = (1...10).map { DesiredServer.local("s\($0)", UInt16($0)) }
        let new = (1...10).map { DesiredServer.local("s\($0)", UInt16($0), words: [ServerWord("check", .flag(true))]) }
        let model = model(.haproxy, old)
        let plan = plan(new, model)
        #expect(plan.steps.count { $0.isRemoval } == 3)
        #expect(plan.debts.count == 10)
        #expect(plan.adds.isEmpty && !plan.isEqual)
    }

    @Test func drainedServersAreAbsentWhereNothingDrains() {
        let model = model(.caddy, [.local("a", 1), .local("b", 2)])
        let plan = plan([.local("a", 1), .local("b", 2, isDrained: true)], model)
        #expect(plan.steps == [.remove(model.servers[1])])
    }

    @Test func secondsOfOneAddressGo() {
        var model = model(.caddy, [.local("a", 1)])
        _ = model.take(.add(.local("x", 1)))
        let plan = plan([.local("a", 1)], model)
        #expect(plan.steps == [.remove(model.servers[1])])
    }

    @Test func checksThatAreOffAreSwitchedOnWhereTheyAreWanted() {
        let words = [ServerWord("check", .flag(true))]
        var model = model(.haproxy, [.local("a", 1, words: words), .local("b", 2)])
        model.servers[0].lacksChecks = true
        model.servers[1].lacksChecks = true
        let plan = plan([.local("a", 1, words: words), .local("b", 2)], model)
        #expect(plan.steps == [.change(model.servers[0], to: .local("a", 1, words: words), [.checks])])
    }

    @Test func aSocketIsNoAddressToChangeTo() {
        let model = model(.haproxy, [.local("a", 1), .local("b", 2)])
        let plan = plan([DesiredServer(id: "a", address: .unix(path: "/a")), .local("b", 2)], model)
        #expect(plan.debts == [.replacing("a")])
        #expect(plan.steps == [.park(model.servers[0]), .remove(model.servers[0])])
    }
}
