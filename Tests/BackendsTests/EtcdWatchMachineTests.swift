import Testing

@testable import Backends

@Suite struct EtcdWatchMachineTests {
    private let start = ContinuousClock.now

    private func event(_ key: String, _ value: String?, _ revision: Int64) -> WatchEvent {
        WatchEvent(key: Array(key.utf8), value: value.map { Array($0.utf8) }, revision: revision)
    }

    private func events(_ id: Int64, _ events: [WatchEvent], isFragment: Bool = false) -> WatchResponse {
        var response = WatchResponse()
        response.watchID = id
        response.events = events
        response.isFragment = isFragment
        response.header.revision = events.last?.revision ?? 0
        response.newestRevision = response.header.revision
        return response
    }

    private func answer(_ revision: Int64) -> WatchResponse {
        var response = WatchResponse()
        response.watchID = -1
        response.header.revision = revision
        return response
    }

    private func created(_ id: Int64) -> WatchResponse {
        var response = WatchResponse()
        response.watchID = id
        response.isCreated = true
        return response
    }

    private func machine(_ count: Int) -> WatchMachine {
        var machine = WatchMachine(watchCount: count, revision: 1, now: start)
        for id in 1...count { _ = machine.receive(created(Int64(id)), now: start) }
        return machine
    }

    private func changes(_ revision: Int64, _ events: [WatchEvent]) -> WatchMachine.Output {
        .changes(WatchChanges(revision: revision, events: events))
    }

    @Test func isReadyWithTheLastWatch() {
        var machine = WatchMachine(watchCount: 2, revision: 1, now: start)
        #expect(machine.receive(created(2), now: start) == [])
        #expect(machine.receive(created(2), now: start) == [])
        #expect(machine.receive(created(1), now: start) == [.ready])
    }

    @Test func tellsOfAnotherClusterAndOfOneSetBack() {
        for (cluster, revision, outputs) in [
            (5, 9, [.ready]), (0, 9, [.ready]), (5, 8, [.ready, .behind]), (6, 9, [.compacted]), (6, 3, [.compacted]),
        ] as [(UInt64, Int64, [WatchMachine.Output])] {
            var machine = WatchMachine(watchCount: 1, revision: 9, cluster: 5, now: start)
            var response = created(1)
            response.header.cluster = cluster
            response.header.revision = revision
            #expect(machine.receive(response, now: start) == outputs, "\(cluster) \(revision)")
        }
    }

    @Test func handsOnTheChangesOfOneWatchAtOnce() {
        var machine = machine(1)
        let update = [event("/b", "1", 7), event("/a", nil, 8)]
        #expect(machine.receive(events(1, update), now: start) == [changes(8, [update[1], update[0]])])
    }

    @Test func holdsThePartsOfATransactionUntilItIsWhole() {
        var machine = machine(2)
        #expect(machine.receive(events(1, [event("/a", "1", 7)]), now: start) == [.ask])
        #expect(machine.receive(events(2, [event("/b", "1", 7)]), now: start) == [])
        #expect(machine.receive(answer(7), now: start) == [.ask])
        #expect(machine.revision == 1)
        #expect(machine.receive(answer(7), now: start) == [changes(7, [event("/a", "1", 7), event("/b", "1", 7)])])
        #expect(machine.revision == 7)
    }

    @Test func asksAgainWhenTheAnswerIsOlderThanAnEvent() {
        var machine = machine(2)
        #expect(machine.receive(events(1, [event("/a", "1", 7)]), now: start) == [.ask])
        #expect(machine.receive(events(1, [event("/a", "2", 8)]), now: start) == [])
        #expect(machine.receive(answer(7), now: start) == [.ask])
        #expect(machine.receive(answer(8), now: start) == [.ask])
        #expect(machine.receive(answer(8), now: start) == [changes(8, [event("/a", "2", 8)])])
    }

    @Test func keepsTheNewestOfAKey() {
        var machine = machine(2)
        _ = machine.receive(events(1, [event("/a", "1", 7), event("/a", nil, 8), event("/a", "3", 9)]), now: start)
        #expect(machine.receive(answer(9), now: start) == [.ask])
        #expect(machine.receive(answer(9), now: start) == [changes(9, [event("/a", "3", 9)])])
    }

    @Test func waitsForTheLastFragment() {
        var machine = machine(1)
        #expect(machine.receive(events(1, [event("/a", "1", 7)], isFragment: true), now: start) == [])
        #expect(machine.timePassed(now: start.advanced(by: .seconds(1))) == [])
        #expect(
            machine.receive(events(1, [event("/b", "1", 7)]), now: start) == [
                changes(7, [event("/a", "1", 7), event("/b", "1", 7)])
            ])
    }

    /// A deadline in the past would wake the watch up without end.
    @Test func hasNothingToDoWhileAFragmentIsMissing() {
        var machine = machine(1)
        #expect(machine.receive(events(1, [event("/a", "1", 7)], isFragment: true), now: start) == [])
        let late = start.advanced(by: WatchMachine.holdTime)
        #expect(machine.timePassed(now: late) == [])
        #expect(machine.deadline == start.advanced(by: WatchMachine.silence))
        let last = events(1, [event("/b", "1", 7)])
        #expect(machine.receive(last, now: late) == [changes(7, [event("/a", "1", 7), event("/b", "1", 7)])])
    }

    @Test func doesNotReleaseFragmentsOnAnAnswer() {
        var machine = machine(2)
        #expect(machine.receive(events(1, [event("/a", "1", 7)], isFragment: true), now: start) == [])
        #expect(machine.receive(answer(9), now: start) == [])
        #expect(machine.receive(events(1, [event("/b", "1", 7)]), now: start) == [.ask])
    }

    @Test func doesNotHoldChangesForEver() {
        var machine = machine(2)
        _ = machine.receive(events(1, [event("/a", "1", 7)]), now: start)
        #expect(machine.deadline == start.advanced(by: .milliseconds(250)))
        #expect(machine.timePassed(now: start.advanced(by: .milliseconds(249))) == [])
        #expect(machine.timePassed(now: start.advanced(by: .milliseconds(250))) == [changes(7, [event("/a", "1", 7)])])
        // A server that does not know progress requests is not taken for dead.
        #expect(machine.timePassed(now: start.advanced(by: .seconds(14))) == [])
    }

    @Test func asksAfterSilenceAndGivesUpWithoutAnAnswer() {
        var machine = machine(1)
        #expect(machine.deadline == start.advanced(by: .seconds(15)))
        #expect(machine.timePassed(now: start.advanced(by: .seconds(14.9))) == [])
        #expect(machine.timePassed(now: start.advanced(by: .seconds(15))) == [.ask])
        #expect(machine.deadline == start.advanced(by: .seconds(20)))
        #expect(machine.timePassed(now: start.advanced(by: .seconds(19.9))) == [])
        #expect(machine.timePassed(now: start.advanced(by: .seconds(20))) == [.dead])
        #expect(machine.receive(events(1, [event("/a", "1", 7)]), now: start) == [])
    }

    @Test func goesOnWhenAnAnswerComes() {
        var machine = machine(1)
        #expect(machine.timePassed(now: start.advanced(by: .seconds(15))) == [.ask])
        #expect(machine.receive(answer(3), now: start.advanced(by: .seconds(16))) == [])
        #expect(machine.timePassed(now: start.advanced(by: .seconds(30))) == [])
        #expect(machine.timePassed(now: start.advanced(by: .seconds(31))) == [.ask])
    }

    @Test func endsWithACompactionOrARefusal() {
        var compacted = machine(1)
        var response = WatchResponse()
        response.isCanceled = true
        response.compactRevision = 5
        #expect(compacted.receive(response, now: start) == [.compacted])
        var refused = machine(1)
        response.compactRevision = 0
        response.cancelReason = "no"
        #expect(refused.receive(response, now: start) == [.refused(reason: "no")])
    }

    /// Two answers count together only if no event comes between them.
    @Test func countsOnlyAnswersInARow() {
        var machine = machine(2)
        #expect(machine.receive(events(1, [event("/a", "1", 7)]), now: start) == [.ask])
        #expect(machine.receive(answer(7), now: start) == [.ask])
        #expect(machine.receive(events(2, [event("/b", "1", 7)]), now: start) == [])
        #expect(machine.receive(answer(7), now: start) == [.ask])
        #expect(machine.receive(answer(7), now: start) == [changes(7, [event("/a", "1", 7), event("/b", "1", 7)])])
    }

    @Test func passesRevisionsWithoutWatchedKeys() {
        var machine = machine(1)
        var response = WatchResponse()
        response.watchID = 1
        response.newestRevision = 12
        #expect(machine.receive(response, now: start) == [])
        #expect(machine.revision == 12)
    }

    @Test func encodesRequests() {
        let create = WatchRequest.create(id: 2, span: KeySpan(start: [0x61], end: [0x62]), startRevision: 5)
        #expect(create.encoded == [0x0a, 12, 0x0a, 1, 0x61, 0x12, 1, 0x62, 0x18, 5, 0x38, 2, 0x40, 1])
        #expect(WatchRequest.progress.encoded == [0x1a, 0])
    }

    /// Header 9, watch 2, fragment, a put of /a = 1 at 8 and a delete of /b at 9.
    static let response: [UInt8] =
        [0x0a, 2, 0x18, 9, 0x10, 2, 0x38, 1]
        + [0x5a, 11, 0x12, 9, 0x0a, 2, 0x2f, 0x61, 0x18, 8, 0x2a, 1, 0x31]
        + [0x5a, 10, 0x08, 1, 0x12, 6, 0x0a, 2, 0x2f, 0x62, 0x18, 9]

    @Test func decodesAResponse() throws {
        let response = try WatchResponse.decode(Self.response[...])
        #expect(response == events(2, [event("/a", "1", 8), event("/b", nil, 9)], isFragment: true))
    }

    @Test func noticesEveryCutOfAResponse() {
        let borders: Set<Int> = [0, 4, 6, 8, 21, 33]
        for length in 0..<Self.response.count where !borders.contains(length) {
            #expect(throws: ProtobufError.self) { try WatchResponse.decode(Self.response[..<length]) }
        }
    }
}
