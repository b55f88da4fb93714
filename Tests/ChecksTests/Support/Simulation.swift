import TestSupport

@testable import Checks

/// A random run of a `CheckSchedule` with a simulated clock that is never late, compared with a model that keeps the whole
/// history of each target.
struct Simulation {
    /// What the model knows about a target.
    private struct Model {
        let addedAt: Duration
        var running: CheckSchedule.ProbeID?
        var endsAt = Duration.zero
        var lastStart: Duration?
        /// The start of the probe before the last.
        var startBefore: Duration?
        /// Whether the last probe began when it was due, not later because the one before had not ended.
        var wasAtItsTime = false
        var lastEnd: Duration?
        var results: [ProbeResult] = []
    }

    /// The first thing that was wrong.
    private(set) var problem: String?

    private var schedule: CheckSchedule
    private var random: SeededGenerator
    private var now = Duration.seconds(1_000)
    private let pool: [CheckedTarget]
    private var models: [CheckedTarget: Model] = [:]

    init(seed: UInt64) {
        schedule = CheckSchedule(random: SeededGenerator(seed: seed))
        random = SeededGenerator(seed: seed &* 7_919)
        var random = random
        pool = (0..<8).map { index in Self.target(index, &random) }
        self.random = random
    }

    private static func target(_ index: Int, _ random: inout SeededGenerator) -> CheckedTarget {
        var options = HealthCheck.Options()
        options.interval = .milliseconds(100 + Int(random.fraction() * 3_000))
        options.timeout = .milliseconds(1 + Int(random.fraction() * 4_000))
        options.rise = 1 + Int(random.fraction() * 4)
        options.fall = 1 + Int(random.fraction() * 4)
        options.firstProbeDecides = random.fraction() < 0.5
        options.initial = random.fraction() < 0.5 ? .up : .down
        if random.fraction() < 0.5 { options.jitter = options.interval * (random.fraction() * 0.9) }
        // The values are all in range.
        guard let check = try? HealthCheck(.ajp, options) else { preconditionFailure("a valid check") }
        return CheckedTarget(.host("h\(index)", port: 80), check)
    }

    /// Moves the clock to the next event, and handles it.
    mutating func step() {
        if models.isEmpty || random.fraction() < 0.1 { change() }
        let ends = models.values.filter { $0.running != nil }.map(\.endsAt)
        let times = [schedule.nextDue, schedule.nextDeadline, ends.min()].compactMap { $0 }
        guard let next = times.min() else { return }
        now = max(now, next)
        for (target, model) in models where model.running != nil && model.endsAt <= now {
            end(target, random.fraction() < 0.5 ? .success : .failure(.status(Int(random.fraction() * 1_000))))
        }
        while let (id, isDelayed) = schedule.expire(at: now) { expire(id, isDelayed) }
        while let start = schedule.start(at: now) { begin(start) }
    }

    private mutating func change() {
        // Targets may also change between two events.
        now += .milliseconds(Int(random.fraction() * 50))
        if let next = [schedule.nextDue, schedule.nextDeadline].compactMap({ $0 }).min() { now = min(now, next) }
        let wanted = Set(pool.filter { _ in random.fraction() < 0.6 })
        let gone = models.filter { !wanted.contains($0.key) }
        let cancelled = schedule.set(wanted, at: now)
        expect(Set(cancelled) == Set(gone.values.compactMap(\.running)), "cancelled probes")
        for target in gone.keys { models[target] = nil }
        for target in wanted where models[target] == nil { models[target] = Model(addedAt: now) }
        expect(pool.allSatisfy { (schedule.state(of: $0) != nil) == wanted.contains($0) }, "targets")
    }

    private mutating func begin(_ start: CheckSchedule.Start) {
        guard var model = models[start.target] else { return expect(false, "an unknown target is probed") }
        let options = start.target.check.options
        expect(model.running == nil, "two probes of one target at a time")
        expect(start.lateness == .zero, "a probe is late")
        expect(start.deadline == now + options.timeout, "deadline")
        if let last = model.lastStart, let end = model.lastEnd {
            expect(now >= end && now <= max(last + options.interval, end) + options.jitter, "time of a probe")
            expect(
                !model.wasAtItsTime || now == end || now >= last + options.interval - options.jitter, "a probe is early"
            )
            if let before = model.startBefore {
                expect(now >= before + options.interval, "probes that were missed are made up")
            }
            model.wasAtItsTime = now > end
            model.startBefore = last
        } else {
            expect(now <= model.addedAt + min(options.interval, options.timeout), "time of the first probe")
        }
        model.running = start.id
        model.lastStart = now
        // Some answers would come after the deadline.
        model.endsAt = now + options.timeout * (random.fraction() * 1.3)
        models[start.target] = model
    }

    private mutating func expire(_ id: CheckSchedule.ProbeID, _ isDelayed: Bool) {
        guard let target = models.first(where: { $0.value.running == id })?.key else {
            return expect(false, "a probe that does not run expires")
        }
        expect(!isDelayed, "a deadline is looked at too late")
        expect(now == (models[target]?.lastStart ?? .zero) + target.check.options.timeout, "time of the deadline")
        end(target, .failure(.timeout(target.check.options.timeout, .waiting)))
    }

    private mutating func end(_ target: CheckedTarget, _ result: ProbeResult) {
        guard let id = models[target]?.running else { return }
        models[target]?.running = nil
        models[target]?.lastEnd = now
        models[target]?.results.append(result)
        let before = schedule.state(of: target)?.verdict
        guard let report = schedule.finish(id, result, at: now), let model = models[target] else {
            return expect(false, "a result is dropped")
        }
        let (verdict, isDecided) = Self.verdict(model.results, target.check.options)
        expect(report.target == target, "target of the report")
        expect(report.state.verdict == verdict && report.state.hasVerdict == isDecided, "verdict")
        expect(report.change.isTransition == (before != verdict), "transition")
        expect(report.change.isFirst == (model.results.count == 1), "first result")
    }

    /// The verdict that the whole history gives, and whether a probe has decided it.
    private static func verdict(_ results: [ProbeResult], _ options: HealthCheck.Options) -> (Verdict, Bool) {
        var verdict: Verdict?
        for index in results.indices {
            let isGood = results[index] == .success
            let row = results[...index].reversed().prefix { ($0 == .success) == isGood }.count
            if row >= (isGood ? options.rise : options.fall) || verdict == nil && options.firstProbeDecides {
                verdict = isGood ? .up : .down
            }
        }
        return (verdict ?? options.initial, verdict != nil)
    }

    private mutating func expect(_ isRight: Bool, _ what: String) {
        if !isRight, problem == nil { problem = what }
    }
}

extension SeededGenerator {
    /// In `0..<1`.
    mutating func fraction() -> Double { Double.random(in: 0..<1, using: &self) }
}
