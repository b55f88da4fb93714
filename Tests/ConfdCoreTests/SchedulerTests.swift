import ConfdCore
import Configuration
import Testing

/// One resource, with a clock that the test moves.
@Suite struct SchedulerTests {
    private static func policy(
        debounce: Duration = .zero, maxWait: Duration = .zero, minReload: Duration = .zero, splay: Duration = .zero
    ) -> ApplyPolicy {
        var policy = ApplyPolicy()
        policy.debounce = debounce
        policy.maxWait = maxWait
        policy.minReloadInterval = minReload
        policy.splay = splay
        return policy
    }

    /// A resource that is in step at second 0; `random` is what jitter gets.
    private static func inStep(_ policy: ApplyPolicy, random: Double = 0) -> Scheduler {
        var scheduler = Scheduler(policy, now: .zero) { random }
        scheduler.begin(.render, at: .zero)
        scheduler.rendered(.inStep, at: .zero)
        return scheduler
    }

    @Test func firstRenderingNeverWaits() {
        let scheduler = Scheduler(Self.policy(debounce: .seconds(10)), now: .seconds(3))
        #expect(scheduler.action(at: .seconds(3)) == .render)
    }

    @Test func noDelayBeforeTheFirstSuccess() {
        var scheduler = Scheduler(Self.policy(debounce: .seconds(10)), now: .zero) { 0 }
        scheduler.begin(.render, at: .zero)
        scheduler.rendered(.failed, at: .zero)
        #expect(scheduler.action(at: .milliseconds(10)) == nil)
        scheduler.changed(at: .milliseconds(10))
        #expect(scheduler.action(at: .milliseconds(10)) == .render)
    }

    @Test(arguments: [
        ("one change", [Int64](), Int64(5)),
        ("each change waits anew", [2, 4, 6], 11),
        ("but not beyond max_wait", [2, 4, 6, 8, 10, 12, 14, 16, 18], 20),
    ])
    func waitsForQuiet(_ name: String, _ further: [Int64], _ due: Int64) {
        var scheduler = Self.inStep(Self.policy(debounce: .seconds(5), maxWait: .seconds(20)))
        scheduler.changed(at: .zero)
        for second in further {
            #expect(scheduler.action(at: .seconds(second)) == nil)
            scheduler.changed(at: .seconds(second))
        }
        #expect(scheduler.deadline() == .seconds(due))
        #expect(scheduler.action(at: .seconds(due) - .nanoseconds(1)) == nil)
        #expect(scheduler.action(at: .seconds(due)) == .render)
    }

    @Test func changeDuringARenderingIsRenderedAfterIt() {
        var scheduler = Self.inStep(Self.policy())
        scheduler.changed(at: .seconds(1))
        scheduler.begin(.render, at: .seconds(1))
        scheduler.changed(at: .seconds(2))
        #expect(scheduler.action(at: .seconds(2)) == nil)
        scheduler.rendered(.inStep, at: .seconds(3))
        #expect(scheduler.action(at: .seconds(3)) == .render)
    }

    @Test func failuresAreRetriedWithGrowingPauses() {
        var scheduler = Self.inStep(Self.policy(), random: 1)
        var now = Duration.seconds(100)
        scheduler.changed(at: now)
        var pauses: [Duration] = []
        for _ in 0..<9 {
            scheduler.begin(.render, at: now)
            scheduler.rendered(.failed, at: now)
            let due = scheduler.deadline() ?? .zero
            pauses.append(due - now)
            now = due
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        scheduler.begin(.render, at: now)
        scheduler.rendered(.inStep, at: now)
        #expect(scheduler.isInStep)
    }

    /// `-onetime`: what failed is left as it is.
    @Test(arguments: [Scheduler.RenderOutcome.failed, .rejected, .refusedBefore])
    func isTriedOnce(_ outcome: Scheduler.RenderOutcome) {
        var scheduler = Scheduler(Self.policy(), triesAgain: false, now: .zero) { 0 }
        scheduler.begin(.render, at: .zero)
        scheduler.rendered(outcome, at: .zero)
        #expect(scheduler.isInStep && scheduler.deadline() == nil)
    }

    @Test func aReloadIsTriedOnce() {
        var scheduler = Scheduler(Self.policy(), triesAgain: false, now: .zero) { 0 }
        scheduler.begin(.render, at: .zero)
        scheduler.rendered(.replaced, at: .zero)
        #expect(scheduler.action(at: .zero) == .reload)
        scheduler.begin(.reload, at: .zero)
        scheduler.reloaded(succeeded: false, at: .zero)
        #expect(scheduler.isInStep && scheduler.deadline() == nil)
    }

    @Test func jitterTakesUpToHalfOfAPause() {
        var scheduler = Self.inStep(Self.policy(), random: 0)
        scheduler.refresh(at: .zero)
        scheduler.begin(.render, at: .zero)
        scheduler.rendered(.failed, at: .zero)
        #expect(scheduler.deadline() == .milliseconds(500))
    }

    @Test func rejectedContentWaitsForAChangeOrLong() {
        var scheduler = Self.inStep(Self.policy(), random: 0)
        scheduler.changed(at: .seconds(1))
        scheduler.begin(.render, at: .seconds(1))
        scheduler.rendered(.rejected, at: .seconds(1))
        #expect(scheduler.deadline() == .seconds(31))
        scheduler.changed(at: .seconds(2))
        #expect(scheduler.action(at: .seconds(2)) == .render)
    }

    /// The time of the next check of refused content is set when it is refused: renderings in between, every few seconds with a
    /// short interval, must not put it off.
    @Test func refusedContentIsCheckedAgainThoughItIsRenderedOften() {
        var scheduler = Self.inStep(Self.policy(), random: 0)
        scheduler.changed(at: .seconds(1))
        scheduler.begin(.render, at: .seconds(1))
        scheduler.rendered(.rejected, at: .seconds(1))
        for second in stride(from: 5, to: 31, by: 5) {
            #expect(!scheduler.mayCheckAgain(at: .seconds(second)))
            scheduler.refresh(at: .seconds(second))
            scheduler.begin(.render, at: .seconds(second))
            scheduler.rendered(.refusedBefore, at: .seconds(second))
            #expect(scheduler.deadline() == .seconds(31))
        }
        #expect(scheduler.action(at: .seconds(31)) == .render)
        #expect(scheduler.mayCheckAgain(at: .seconds(31)))
    }

    /// A scheduler that owes a reload since second 0.
    private static func owing(_ policy: ApplyPolicy, random: Double = 0) -> Scheduler {
        var scheduler = Scheduler(policy, now: .zero) { random }
        scheduler.begin(.render, at: .zero)
        scheduler.rendered(.replaced, at: .zero)
        return scheduler
    }

    @Test func failedReloadIsRetriedUntilItSucceeds() {
        var scheduler = Self.owing(Self.policy(), random: 1)
        var now = Duration.zero
        for pause in [1, 2, 4] as [Int64] {
            #expect(scheduler.action(at: now) == .reload)
            scheduler.begin(.reload, at: now)
            scheduler.reloaded(succeeded: false, at: now)
            #expect(scheduler.deadline() == now + .seconds(pause))
            now += .seconds(pause)
        }
        scheduler.begin(.reload, at: now)
        scheduler.reloaded(succeeded: true, at: now)
        #expect(scheduler.isInStep)
    }

    @Test func newContentIsNotHeldBackByOldFailures() {
        var scheduler = Self.owing(Self.policy(), random: 1)
        for _ in 0..<5 {
            scheduler.begin(.reload, at: .zero)
            scheduler.reloaded(succeeded: false, at: .zero)
        }
        scheduler.changed(at: .seconds(1))
        scheduler.begin(.render, at: .seconds(1))
        scheduler.rendered(.replaced, at: .seconds(1))
        #expect(scheduler.action(at: .seconds(1)) == .reload)
    }

    @Test func lookingAtAnOwedReloadDoesNotHurryIt() {
        var scheduler = Self.owing(Self.policy(), random: 1)
        scheduler.begin(.reload, at: .zero)
        scheduler.reloaded(succeeded: false, at: .zero)
        scheduler.refresh(at: .milliseconds(100))
        scheduler.begin(.render, at: .milliseconds(100))
        scheduler.rendered(.stillOwed, at: .milliseconds(100))
        #expect(scheduler.deadline() == .seconds(1))
    }

    @Test func earlyReloadIsDeferredNotDropped() {
        var scheduler = Self.owing(Self.policy(minReload: .seconds(30)))
        scheduler.begin(.reload, at: .zero)
        scheduler.reloaded(succeeded: true, at: .seconds(1))
        for second in [5, 10] as [Int64] {
            scheduler.changed(at: .seconds(second))
            scheduler.begin(.render, at: .seconds(second))
            scheduler.rendered(.replaced, at: .seconds(second))
        }
        #expect(scheduler.deadline() == .seconds(30))
        #expect(scheduler.action(at: .seconds(30)) == .reload)
    }

    @Test func splayDelaysTheReloadOnly() {
        let scheduler = Self.owing(Self.policy(splay: .seconds(10)), random: 0.5)
        #expect(scheduler.deadline() == .seconds(5))
    }

    @Test(arguments: [
        ("owed and splayed: now", Self.policy(splay: .seconds(10)), false, Scheduler.Action?.some(.reload)),
        ("failed before: left to the mark", Self.policy(), true, nil),
    ])
    func stopping(_ name: String, _ policy: ApplyPolicy, _ fails: Bool, _ expected: Scheduler.Action?) {
        var scheduler = Self.owing(policy, random: 0.5)
        if fails {
            scheduler.begin(.reload, at: .zero)
            scheduler.reloaded(succeeded: false, at: .zero)
        }
        scheduler.changed(at: .seconds(1))
        scheduler.stop(at: .seconds(1))
        #expect(scheduler.action(at: .seconds(1)) == expected)
        #expect(scheduler.isInStep == (expected == nil))
    }

    // MARK: Reloads that cause themselves

    /// Replaced at `now`, with no key changed, and reloaded as soon as it is due; returns when that was.
    private static func turn(_ scheduler: inout Scheduler, at now: Duration, keysChanged: Bool = false) -> Duration {
        scheduler.refresh(at: now)
        scheduler.begin(.render, at: now)
        scheduler.rendered(.replaced, keysChanged: keysChanged, at: now)
        let due = scheduler.deadline() ?? .zero
        scheduler.begin(.reload, at: due)
        scheduler.reloaded(succeeded: true, at: due)
        return due
    }

    /// Attack: a reload_cmd that edits its own template or dest ran nine times a second, for ever.
    @Test func reloadsThatCauseThemselvesHaveGrowingPauses() {
        var scheduler = Self.inStep(Self.policy())
        var last = Self.turn(&scheduler, at: .seconds(100))
        #expect(last == .seconds(100) && scheduler.dampedPause == nil)
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] as [Int64] {
            let due = Self.turn(&scheduler, at: last + .milliseconds(100))
            #expect(due == last + .seconds(pause))
            last = due
        }
    }

    @Test func reloadsForChangedKeysAreNeverDamped() {
        var scheduler = Self.inStep(Self.policy())
        for number in 0..<20 as Range<Int64> {
            let now = Duration.milliseconds(number * 100)
            #expect(Self.turn(&scheduler, at: now, keysChanged: true) == now)
            #expect(scheduler.dampedPause == nil)
        }
    }

    @Test func pausesBeginAnewAfterQuiet() {
        var scheduler = Self.inStep(Self.policy())
        _ = Self.turn(&scheduler, at: .seconds(100))
        #expect(Self.turn(&scheduler, at: .seconds(100)) == .seconds(101))
        #expect(Self.turn(&scheduler, at: .seconds(101)) == .seconds(103))
        #expect(Self.turn(&scheduler, at: .seconds(200)) == .seconds(200))
        #expect(Self.turn(&scheduler, at: .seconds(200)) == .seconds(201))
    }

    @Test func aDampedReloadKeepsTheLongerInterval() {
        var scheduler = Self.inStep(Self.policy(minReload: .seconds(10)))
        _ = Self.turn(&scheduler, at: .seconds(100))
        #expect(Self.turn(&scheduler, at: .seconds(101)) == .seconds(110))
    }
}
