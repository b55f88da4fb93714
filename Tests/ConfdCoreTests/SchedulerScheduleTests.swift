import Configuration
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

/// Random schedules: whatever happens in whatever order, once the faults end every resource converges.
@Suite struct SchedulerScheduleTests {
    /// A model: each resource has a version in the store, one in its file, and one that its service has loaded; in the end the
    /// three must be equal.
    private struct World {
        /// One for each group. The table numbers resources from 1, the arrays below from 0.
        private static let resources = (0..<3).compactMap { try? Resource.test(fields: "reload_cmd = \"group \($0)\"") }

        var random: SeededGenerator
        let table = ResourceTable()
        var now = Duration.zero
        /// What the store holds, what the file holds, what the service has loaded, by resource.
        var store: [Int]
        var file: [Int]
        var loaded: [Int]
        let group: [Int]
        /// What runs: when it ends, and with what.
        var running: [(end: Duration, work: Work)] = []
        var hasFaults = true
        /// Runs of a reload that loaded nothing new.
        var needlessReloads = 0
        /// Runs for resources with different commands.
        var mixedReloads = 0

        enum Work {
            /// The version that was read when it began.
            case render(Int, version: Int)
            case reload([Int])
        }

        init(seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            let count = Int.random(in: 1...6, using: &random)
            store = Array(repeating: 1, count: count)
            file = Array(repeating: 0, count: count)
            loaded = file
            group = (0..<count).map { _ in Int.random(in: 0..<3, using: &random) }
            self.random = random
            for id in 0..<count {
                let jitter = Double.random(in: 0..<1, using: &self.random)
                table.schedule(table.insert(Self.resources[group[id]]), Scheduler(policy(), now: now) { jitter })
            }
        }

        private mutating func policy() -> ApplyPolicy {
            var policy = ApplyPolicy()
            let choices = [0, 0, 10, 500, 3_000].map { Duration.milliseconds($0) }
            policy.debounce = choices.randomElement(using: &random) ?? .zero
            policy.maxWait = policy.debounce * Int.random(in: 1...5, using: &random)
            policy.minReloadInterval = choices.randomElement(using: &random) ?? .zero
            policy.splay = choices.randomElement(using: &random) ?? .zero
            return policy
        }

        private mutating func fails() -> Bool { hasFaults && Int.random(in: 0..<3, using: &random) == 0 }

        mutating func begin() {
            for action in table.begin(at: now) {
                let end = now + .milliseconds(Int.random(in: 0...400, using: &random))
                switch action {
                case .render(let id): running.append((end, .render(id - 1, version: store[id - 1])))
                case .reload(let numbers):
                    let ids = numbers.map { $0 - 1 }
                    if Set(ids.map { group[$0] }).count != 1 { mixedReloads += 1 }
                    running.append((end, .reload(ids)))
                }
            }
        }

        mutating func finish(_ work: Work) {
            switch work {
            case .render(let id, let version):
                let result: Scheduler.RenderOutcome
                if fails() {
                    result = .failed
                } else if file[id] == version {
                    result = loaded[id] == version ? .inStep : .stillOwed
                } else {
                    file[id] = version
                    result = .replaced
                }
                table.update(id + 1, at: now) { $0.rendered(result, at: now) }
                // As the daemon does it: a change during the rendering is noted at its end.
                if store[id] != version { table.update(id + 1, at: now) { $0.changed(at: now) } }
            case .reload(let ids):
                let succeeded = !fails()
                if succeeded {
                    if ids.allSatisfy({ loaded[$0] == file[$0] }) { needlessReloads += 1 }
                    for id in ids { loaded[id] = file[id] }
                }
                for id in ids { table.update(id + 1, at: now) { $0.reloaded(succeeded: succeeded, at: now) } }
            }
        }

        /// Moves on to the next thing that happens, not beyond `limit`. False if nothing is left to happen.
        mutating func step(until limit: Duration?) -> Bool {
            begin()
            let next = [running.map(\.end).min(), table.deadline, limit].compactMap { $0 }.min()
            guard let next else { return false }
            now = max(now, next)
            for (index, item) in running.enumerated().reversed() where item.end <= now {
                running.remove(at: index)
                finish(item.work)
            }
            return true
        }

        /// What is wrong when nothing is left to happen.
        var problems: [String] {
            [
                (table.isInStep, "something is due"), (file == store, "a file is old"),
                (loaded == file, "a service has an old file"), (needlessReloads == 0, "a needless reload"),
                (mixedReloads == 0, "a reload for resources of several commands"),
            ].compactMap { $0.0 ? nil : $0.1 }
        }

        mutating func change() {
            let id = Int.random(in: store.indices, using: &random)
            store[id] += 1
            // A change during a rendering is noted in `finish`.
            if table[id + 1]?.isRendering == false { table.update(id + 1, at: now) { $0.changed(at: now) } }
        }
    }

    @Test func worldNoticesWhatIsWrong() {
        let world = World(seed: 1)
        #expect(world.problems == ["something is due", "a file is old"])
    }

    @Test(arguments: 0..<10)
    func converges(_ block: UInt64) {
        for seed in block * 1_000..<(block + 1) * 1_000 {
            var world = World(seed: seed)
            for _ in 0..<Int.random(in: 0..<20, using: &world.random) {
                let next = world.now + .milliseconds(Int.random(in: 0...2_000, using: &world.random))
                while world.now < next, world.step(until: next) {}
                world.change()
            }
            world.hasFaults = false
            let end = world.now
            var steps = 0
            while world.step(until: nil) {
                steps += 1
                guard steps < 1_000 else { break }
            }
            let problems = world.problems + (world.now - end < .seconds(180) ? [] : ["took more than a few pauses"])
            if !problems.isEmpty { Issue.record("seed \(seed): \(problems.joined(separator: ", "))") }
        }
    }
}
