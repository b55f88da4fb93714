import TestSupport
import Testing

@testable import Checks

@Suite struct CheckScheduleTests {
    /// 10,000 random schedules of results, late answers, and targets that come and go.
    @Test(arguments: 0..<20) func randomSchedules(_ part: UInt64) throws {
        for seed in part * 500..<(part + 1) * 500 {
            var simulation = Simulation(seed: seed)
            for _ in 0..<60 where simulation.problem == nil { simulation.step() }
            let problem = simulation.problem
            try #require(problem == nil, "schedule \(seed): \(problem ?? "")")
        }
    }

    @Test(arguments: [1, 2, 3, 10, 100, 1_000]) func probesAreSpreadEvenly(_ count: Int) throws {
        var schedule = CheckSchedule(random: SeededGenerator(seed: 1))
        _ = schedule.set(try Self.targets(count), at: .zero)
        var now = Duration.zero
        var starts: [Duration] = []
        // The second round is measured: the first probes are earlier.
        while let due = schedule.nextDue, now < .seconds(15) {
            now = due
            while let start = schedule.start(at: now) {
                _ = schedule.finish(start.id, .success, at: now)
                if now >= .seconds(5), now < .seconds(10) { starts.append(now) }
            }
        }
        #expect(starts.count == count)
        let ring = starts + [starts[0] + .seconds(5)]
        let gap = zip(ring, ring.dropFirst()).map { $1 - $0 }.max() ?? .zero
        // The gaps between multiples of the golden ratio are at most 2.62 of the mean.
        #expect(gap <= .seconds(5) * 2.7 / count)
    }

    @Test func theFirstProbesComeSoon() throws {
        var schedule = CheckSchedule(random: SeededGenerator(seed: 1))
        let first = try Self.targets(1)
        _ = schedule.set(first, at: .seconds(100))
        #expect(schedule.nextDue == .seconds(100))
        // 400 targets are added to the one that there is; all are probed within 0.2 s.
        let all = try Self.targets(401)
        _ = schedule.set(all, at: .seconds(200))
        var last = Duration.zero
        var started = 0
        while let due = schedule.nextDue, started < 401 {
            last = due
            while schedule.start(at: due) != nil { started += 1 }
        }
        #expect(started == 401 && last < .seconds(200.2))
    }

    @Test func aDeadlineThatTheProcessSleptOverIsNoFailure() throws {
        var schedule = CheckSchedule(random: SeededGenerator(seed: 1))
        _ = schedule.set(try Self.targets(2), at: .zero)
        let starts = [schedule.start(at: .seconds(1)), schedule.start(at: .seconds(1))]
        #expect(schedule.nextDeadline == .seconds(3))
        let late = schedule.expire(at: .seconds(3.5))
        #expect(late?.isDelayed == false)
        let delayed = schedule.expire(at: .seconds(4))
        #expect(delayed?.isDelayed == true)
        #expect(Set([late?.id, delayed?.id]) == Set(starts.map { $0?.id }))
        // It is probed again at once.
        _ = schedule.finish(try #require(delayed?.id), .inconclusive(.delayed), at: .seconds(4))
        #expect(schedule.nextDue == .seconds(4))
    }

    /// A target that begins to hang right after it has answered is down after `fall` × `interval` + `timeout` at the latest.
    @Test(arguments: [(1_000, 1_000, 2), (2_000, 500, 3), (5_000, 2_000, 1), (100, 100, 10)])
    func aTargetThatHangsIsDownInTime(_ interval: Int, _ timeout: Int, _ fall: Int) throws {
        var options = HealthCheck.Options()
        (options.interval, options.timeout, options.fall) = (.milliseconds(interval), .milliseconds(timeout), fall)
        options.firstProbeDecides = true
        for seed in 0..<100 {
            var schedule = CheckSchedule(random: SeededGenerator(seed: UInt64(seed)))
            _ = schedule.set([CheckedTarget(.host("h", port: 80), try HealthCheck(.ajp, options))], at: .zero)
            var lastAnswer = Duration.zero
            var isDown = false
            for round in 0..<5 + fall {
                let due = try #require(schedule.nextDue)
                let begun = schedule.start(at: due)
                let start = try #require(begun)
                let isAnswered = round < 5
                if isAnswered { lastAnswer = due }
                let end = isAnswered ? due : start.deadline
                let result = isAnswered ? ProbeResult.success : .failure(.timeout(options.timeout, .waiting))
                let report = schedule.finish(start.id, result, at: end)
                isDown = report?.state.verdict == .down
                if isDown { #expect(end - lastAnswer <= options.interval * fall + options.timeout) }
            }
            #expect(isDown)
        }
    }

    @Test func resultsForTargetsThatAreGoneAreDropped() throws {
        var schedule = CheckSchedule(random: SeededGenerator(seed: 1))
        let target = try Self.targets(1)
        _ = schedule.set(target, at: .zero)
        let begun = schedule.start(at: .zero)
        let start = try #require(begun)
        let cancelled = schedule.set([], at: .zero)
        #expect(cancelled == [start.id])
        _ = schedule.set(target, at: .zero)
        var late = schedule.finish(start.id, .failure(.closed), at: .zero)
        #expect(late?.target == nil)
        #expect(schedule.nextDue == .zero && schedule.nextDeadline == nil)
        let begunAgain = schedule.start(at: .zero)
        let again = try #require(begunAgain)
        late = schedule.finish(start.id, .failure(.closed), at: .zero)
        #expect(late?.target == nil)
        let report = schedule.finish(again.id, .success, at: .zero)
        #expect(report?.state.successes == 1)
    }

    static func targets(_ count: Int) throws -> Set<CheckedTarget> {
        let check = try HealthCheck(.ajp)
        return Set((1...count).map { CheckedTarget(.host("h\($0)", port: 80), check) })
    }
}

@Suite struct TimerHeapTests {
    @Test func popsLikeASortedList() {
        var random = SeededGenerator(seed: 7)
        var heap = TimerHeap()
        var times: [Int: Duration] = [:]
        for _ in 0..<20_000 {
            let number = Int(random.fraction() * 50)
            switch Int(random.fraction() * 4) {
            case 0:
                heap.remove(number)
                times[number] = nil
            case 1:
                let now = Duration.milliseconds(Int(random.fraction() * 1_000))
                let popped = heap.pop(notAfter: now)
                let earliest = times.values.min()
                if let earliest, earliest <= now {
                    #expect(popped?.time == earliest && popped.map { times[$0.number] } == earliest)
                } else {
                    #expect(popped == nil)
                }
                if let popped { times[popped.number] = nil }
            default:
                let time = Duration.milliseconds(Int(random.fraction() * 1_000))
                heap.set(number, to: time)
                times[number] = time
            }
            #expect(heap.first == times.values.min())
        }
    }
}
