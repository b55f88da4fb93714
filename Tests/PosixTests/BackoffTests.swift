import Testing

@testable import Posix

@Suite struct BackoffTests {
    @Test(arguments: [
        (Backoff.Jitter.none, 0.5, [100, 200, 400, 800, 1_000, 1_000]),
        (.half, 0.5, [75, 150, 300, 600, 750, 750]), (.half, 0, [50, 100, 200, 400, 500, 500]),
        (.full, 0.5, [50, 100, 200, 400, 500, 500]), (.full, 0, [0, 0, 0, 0, 0, 0]),
    ])
    func doublesUpToTheLimit(_ jitter: Backoff.Jitter, _ random: Double, _ milliseconds: [Int]) {
        let backoff = Backoff(limit: .seconds(1), jitter: jitter)
        for (failures, pause) in zip(1..., milliseconds) {
            #expect(backoff.pause(after: failures, random: random) == .milliseconds(pause))
        }
        #expect(backoff.pause(after: 1_000, random: random) == .milliseconds(milliseconds[5]))
    }

    @Test func startsOverAfterASuccess() {
        var backoff = Backoff(start: .milliseconds(1), limit: .seconds(60), jitter: .none)
        for pause in [1, 2, 4, 8] { #expect(backoff.next() == .milliseconds(pause)) }
        backoff.reset()
        #expect(backoff.next() == .milliseconds(1))
    }

    @Test func noPauseIsLongerThanItsPart() {
        var backoff = Backoff()
        for round in 0..<200 {
            let pause = backoff.next()
            #expect(pause <= .milliseconds(100) * Double(1 << min(round, 16)) && pause <= .seconds(15))
        }
    }
}
