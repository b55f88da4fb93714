import Testing

@testable import Checks

@Suite struct CheckStateTests {
    /// Results as `+` (success), `-` (failure), `?` (inconclusive); after each the verdict as `U` (up) or `D` (down), in lower
    /// case while there is none.
    @Test(arguments: [
        ("the first success decides", true, Verdict.down, 2, 3, "+", "U"),
        ("the first failure decides", true, .up, 2, 3, "-", "D"),
        ("later ones count", true, .up, 2, 3, "+--+---", "UUUUUUD"), ("and back", true, .up, 2, 3, "-+-++", "DDDDU"),
        ("without that, rise counts from the start", false, .down, 2, 3, "+-++", "dddU"),
        ("and fall", false, .up, 2, 3, "--+---", "uuuuuD"),
        ("what says nothing counts neither way", true, .up, 2, 2, "?-?+?+-?-", "uDDDDUUUD"),
        ("flapping changes nothing", false, .down, 2, 3, "+-+-+-+-", "dddddddd"),
        ("one is enough", true, .up, 1, 1, "+-+-", "UDUD"),
    ])
    func verdicts(
        _ name: String, _ firstDecides: Bool, _ initial: Verdict, _ rise: Int, _ fall: Int, _ results: String,
        _ verdicts: String
    ) {
        var options = HealthCheck.Options()
        (options.rise, options.fall, options.firstProbeDecides) = (rise, fall, firstDecides)
        var state = CheckState(initial: initial, at: .zero)
        var seen = ""
        for (index, result) in results.enumerated() {
            let before = state
            let change = state.take(Self.result(result), options, at: .seconds(index + 1))
            let letter = state.verdict == .up ? "u" : "d"
            seen += state.hasVerdict ? letter.uppercased() : letter
            #expect(change.isFirst == (index == 0))
            #expect(change.isTransition == (before.verdict != state.verdict))
            #expect(state.since == (change.isTransition ? .seconds(index + 1) : before.since))
        }
        #expect(seen == verdicts)
    }

    /// One result a second, with a slow start of 3 s: the fourth success in a row comes 3 s after the first one.
    @Test(arguments: [
        ("the first verdict does not wait", "+", "U"), ("one who was down does", "---++++", "DDDDDDU"),
        ("from the first success after the last failure", "-++-++++", "DDDDDDDU"),
        ("a failure while it is up changes nothing", "+-++", "UUUU"),
        ("what says nothing does not end the time", "-+??+", "DDDDU"),
    ])
    func slowStart(_ name: String, _ results: String, _ verdicts: String) {
        var options = HealthCheck.Options()
        options.slowStart = .seconds(3)
        var state = CheckState(initial: .up, at: .zero)
        var seen = ""
        for (second, result) in results.enumerated() {
            _ = state.take(Self.result(result), options, at: .seconds(second))
            seen += state.verdict == .up ? "U" : "D"
        }
        #expect(seen == verdicts)
    }

    @Test func tellsTheLastFailureWhileTheTargetIsNotHealthy() {
        let options = HealthCheck.Options()
        var state = CheckState(initial: .up, at: .zero)
        _ = state.take(.success, options, at: .zero)
        _ = state.take(.failure(.status(500)), options, at: .zero)
        #expect(state.verdict == .up && state.failure == .status(500) && state.failures == 1)
        _ = state.take(.success, options, at: .zero)
        #expect(state.failure == nil && state.successes == 1 && state.failures == 0)
        for status in 501...503 { _ = state.take(.failure(.status(status)), options, at: .zero) }
        #expect(state.verdict == .down && state.failure == .status(503))
        _ = state.take(.success, options, at: .zero)
        #expect(state.verdict == .down && state.failure == .status(503))
        _ = state.take(.success, options, at: .zero)
        #expect(state.verdict == .up && state.failure == nil)
    }

    @Test func tellsAnObstacleOnce() {
        let options = HealthCheck.Options()
        var state = CheckState(initial: .up, at: .zero)
        #expect(state.take(.inconclusive(.lookup("a")), options, at: .zero).isNewObstacle)
        #expect(!state.take(.inconclusive(.lookup("a")), options, at: .zero).isNewObstacle)
        #expect(!state.take(.inconclusive(.lookup("b")), options, at: .zero).isNewObstacle)
        #expect(!state.take(.success, options, at: .zero).isNewObstacle)
        #expect(state.obstacle == nil)
        #expect(state.take(.inconclusive(.lookup("b")), options, at: .zero).isNewObstacle)
    }

    static func result(_ letter: Character) -> ProbeResult {
        switch letter {
        case "+": .success
        case "-": .failure(.closed)
        default: .inconclusive(.lookup(""))
        }
    }
}
