import Configuration
import Posix
import Registration
import TestSupport
import Testing

@testable import ConfdCore

/// Services are evaluated on another thread, because their functions may wait for a resolver. The tests run with `-noop`, where a
/// log line for each key says what would be registered.
@Suite struct ServiceKeeperTests {
    private final class Rig {
        let log = TestLog()
        let keeper: ServiceKeeper
        private let questions: Questions

        init() {
            let monitor = HealthMonitor { () throws(SystemError) in
                throw SystemError(call: "none", code: Errno.invalid)
            } warn: { _ in
            }
            let questions = Questions()
            self.questions = questions
            let parts = ServiceKeeper.Parts(
                logger: log.logger, backends: BackendPool(environment: []) { _ in }, purpose: "test", isNoop: true,
                earlierLeases: [], evaluate: { questions.asked.append($0) }, keepLeases: { _ in }, finished: {},
                gaveUp: {}, changed: {})
            keeper = ServiceKeeper(parts, monitor, waitsForChild: false)
        }

        /// The services of each request to evaluate, in their order.
        var asked: [[ServiceDefinition]] { questions.asked }

        /// Evaluates the services of the last request, and hands the keeper the result.
        func answer(at now: Duration = .zero) {
            keeper.take(asked[asked.count - 1].map { EvaluatedService($0) }, at: now)
        }

        func count(_ key: String) -> Int { log.count("\(key) will not be registered") }
    }

    private final class Questions {
        var asked: [[ServiceDefinition]] = []
    }

    private func service(_ key: String, _ value: String = "x") throws -> ServiceDefinition {
        var loader = SettingsLoader(environment: [:]) { _ in false }
        let settings = try loader.load(["register", key, value, "-node", "http://127.0.0.1:1"])
        return try ServiceDefinition(settings.registration, backend: settings.backend)
    }

    @Test func areTakenWhenTheyAreEvaluated() throws {
        let rig = Rig()
        rig.keeper.set([try service("/a"), try service("/b")], at: .zero)
        #expect(rig.asked.count == 1 && rig.count("/a") == 0)
        rig.answer()
        #expect(rig.count("/a") == 1 && rig.count("/b") == 1)
        #expect(rig.keeper.statuses(at: .zero).map(\.key) == ["/a", "/b"] && rig.keeper.retryAt == nil)
    }

    /// While an evaluation runs no other is begun, and its result is dropped if the services have changed meanwhile.
    @Test func areEvaluatedOneAfterTheOther() throws {
        let rig = Rig()
        rig.keeper.set([try service("/a")], at: .zero)
        for _ in 0..<3 { rig.keeper.set([try service("/b")], at: .zero) }
        #expect(rig.asked.count == 1)
        rig.answer()
        #expect(rig.count("/a") == 0 && rig.asked.count == 2)
        rig.answer()
        #expect(rig.count("/b") == 1 && rig.asked.count == 2)
        // Full passes that come faster than the resolver answers keep nothing from being registered.
        rig.keeper.set([try service("/b")], at: .zero)
        rig.keeper.set([try service("/b")], at: .zero)
        rig.answer()
        #expect(rig.count("/b") == 2 && rig.asked.count == 4)
    }

    @Test func theLastOneThatGoesIsTakenOutAtOnce() throws {
        let rig = Rig()
        rig.keeper.set([try service("/a")], at: .zero)
        rig.answer()
        rig.keeper.set([try service("/a")], at: .zero)
        rig.keeper.set([], at: .zero)
        #expect(rig.keeper.statuses(at: .zero).isEmpty && rig.asked.count == 2)
        rig.answer()
        #expect(rig.keeper.statuses(at: .zero).isEmpty && rig.asked.count == 2)
    }

    @Test func whatFailsIsTriedAgain() throws {
        let rig = Rig()
        rig.keeper.set([try service("/a", "{{index (lookupIP \"\") 0}}")], at: .zero)
        rig.answer(at: .seconds(30))
        #expect(rig.count("/a") == 0 && rig.log.count("trying again") == 1)
        #expect(rig.keeper.retryAt == .seconds(35))
        rig.keeper.retry(at: .seconds(34))
        #expect(rig.asked.count == 1)
        rig.keeper.retry(at: .seconds(35))
        #expect(rig.asked.count == 2)
        rig.answer(at: .seconds(36))
        #expect(rig.log.count("trying again") == 1 && rig.keeper.retryAt == .seconds(41))
    }
}
