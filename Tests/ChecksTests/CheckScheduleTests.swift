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
        // The second round: the first is earlier.
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
        // With those that there are, 400 more within 0.2 s.
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
