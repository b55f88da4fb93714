import Appliers
import Testing

@testable import Applying
@testable import ConfdCore

/// What a balancer's reports mean for the resource that lists its servers.
@Suite struct ApplicationTests {
    private static let servers = [
        DesiredServer(id: "a", address: ServerAddress("127.0.0.1:1")!),
        DesiredServer(id: "b", address: ServerAddress("127.0.0.1:2")!),
    ]
    private static let away = ApplierError(.notASocket, "test")
    private static let other = ApplierError(.unchanged, "test")
    private static let fixed = ApplierError(.fixedAtStart("add server", said: "no"), "test")

    private func application(isTriedOnce: Bool = false) -> Application {
        Application(Self.servers, generation: 2, isTriedOnce: isTriedOnce, at: .zero)
    }

    private func owed(_ errors: ApplierError..., generation: Int = 2) -> ApplierStatus {
        ApplierStatus(generation: generation, state: .owed(errors.map { .error($0) }))
    }

    private let equal = ApplierStatus(generation: 2, state: .equal(leaving: ["c"]))

    @Test func whatIsEqualIsSettled() {
        var application = application()
        #expect(!application.isSettled && !application.isStuck)
        #expect(application.take(equal, fallback: .none) == .equal)
        #expect(application.isSettled && application.isEqual && application.leaving == ["c"])
        #expect(application.take(equal, fallback: .none) == nil)
    }

    @Test func aFailureIsToldOnceUntilItChanges() {
        var application = application()
        #expect(application.take(owed(Self.away), fallback: .none) == .failed(Self.away))
        #expect(application.take(owed(Self.away), fallback: .none) == nil)
        application.handOver([], generation: 3, at: .zero)
        #expect(application.take(owed(Self.away, generation: 3), fallback: .none) == nil)
        #expect(application.take(owed(Self.other, generation: 3), fallback: .none) == .failed(Self.other))
        #expect(!application.isSettled && application.isStuck)
        #expect(application.obstacle == "test: said to be changed, but it is as before")
        #expect(application.take(ApplierStatus(generation: 3, state: .equal(leaving: [])), fallback: .none) == .equal)
        #expect(application.obstacle == nil)
        #expect(application.take(owed(Self.other, generation: 3), fallback: .none) == .failed(Self.other))
    }

    @Test func reportsAboutServersFromBeforeSayNothing() {
        var application = application()
        #expect(application.take(owed(Self.away, generation: 1), fallback: .none) == nil)
        #expect(application.take(ApplierStatus(generation: 3, state: .equal(leaving: [])), fallback: .none) == nil)
        #expect(!application.isSettled)
    }

    @Test func aRestartedBalancerIsOwedAgain() {
        var application = application()
        _ = application.take(equal, fallback: .none)
        #expect(application.take(ApplierStatus(generation: 2, state: .unknown), fallback: .none) == nil)
        #expect(!application.isSettled)
        #expect(application.take(equal, fallback: .none) == .equal)
    }

    @Test func whatCannotBeChangedLiveWantsTheReload() {
        var application = application()
        #expect(application.take(owed(Self.fixed), fallback: .owed) == .wantsReload)
        #expect(application.take(owed(Self.fixed), fallback: .owed) == nil)
        #expect(application.wantsReload && !application.isSettled)
        application.noteReload(succeeded: false)
        #expect(!application.isSettled && application.isStuck)
        application.noteReload(succeeded: true)
        #expect(application.isSettled && application.take(owed(Self.fixed), fallback: .owed) == nil)
        #expect(application.isLeftToReload)
        // Any other failure is still reported, and the change stays owed.
        #expect(application.take(owed(Self.away), fallback: .done) == .failed(Self.away))
        #expect(!application.isSettled && !application.isLeftToReload)
        // Another list of servers needs a reload of its own.
        application.handOver([], generation: 3, at: .zero)
        #expect(application.take(owed(Self.fixed, generation: 3), fallback: .owed) == .wantsReload)
    }

    @Test func aReloadOfAnEarlierRunIsNotRepeated() {
        var application = application()
        #expect(application.take(owed(Self.fixed), fallback: .done) == .leftToReload)
        #expect(application.isSettled && application.obstacle == nil)
    }

    @Test func withoutFallbackItIsAFailure() {
        var application = application()
        #expect(application.take(owed(Self.fixed), fallback: .none) == .failed(Self.fixed))
        #expect(!application.isSettled)
    }

    @Test func theFirstFailureOfOnetimeIsTheLast() {
        var application = application(isTriedOnce: true)
        #expect(application.take(owed(Self.away), fallback: .none) == .failed(Self.away))
        #expect(application.isSettled && !application.isLeftToReload)
    }

    @Test func whatIsWaitedForIsNamed() {
        var application = application()
        let debts: [ApplierStatus.Reason] = [.debt(.keptUp("a")), .debt(.draining("b"))]
        #expect(application.take(ApplierStatus(generation: 2, state: .owed(debts)), fallback: .none) == nil)
        #expect(application.obstacle == "a is kept, as one of the last that are up, b is drained")
        #expect(!application.isSettled && application.isStuck)
    }
}
