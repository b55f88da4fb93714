import Foundation
import Glibc
import TestSupport
import Testing

/// Random keys, faults and signals for `SOAK_SECONDS`; after each series of them all files agree with etcd's state, and
/// the memory, descriptors and threads of the process do not grow.
@Suite(.enabled(if: Machine.hasEtcd)) struct SoakTests {
    private static let resources = 12
    private static let seconds = ProcessInfo.processInfo.environment["SOAK_SECONDS"].flatMap { Double($0) } ?? 8

    /// One daemon and its folders.
    private final class Agent {
        let rig: FaultRig
        let name: String
        var child: Child
        var logLines = 0

        init(_ rig: FaultRig, _ name: String) throws {
            self.rig = rig
            self.name = name
            for index in 0..<resources { try Self.addResource(rig.box, name, index) }
            mkdir(rig.box.path("\(name)-out"), 0o755)
            child = try Self.start(rig, name)
        }

        static func start(_ rig: FaultRig, _ name: String) throws -> Child {
            try Child(
                rig.box.command(
                    ["-watch", "-interval", "20s", "-node", rig.node, "-confdir", rig.box.path(name)], confdir: false))
        }

        /// Every fourth reload fails, every third resource has a `debounce`, every fourth a `min_reload_interval`.
        static func addResource(_ box: Sandbox, _ name: String, _ index: Int, edition: Int = 0) throws {
            let out = "\(box.root)/\(name)-out"
            try box.write(
                "\(name)/conf.d/r\(index).toml",
                """
                [template]
                src = "r\(index).tmpl"
                dest = "\(out)/r\(index)"
                keys = ["/s/\(index)"]
                check_cmd = "true"
                reload_cmd = '''test $(($$ % 4)) != 0 && cp {{.dest}} \(out)/service\(index)'''
                \(index % 3 == 0 ? "debounce = \"50ms\"" : "")
                \(index % 4 == 0 ? "min_reload_interval = \"300ms\"" : "")

                """)
            try box.write(
                "\(name)/templates/r\(index).tmpl",
                "# \(edition)\n{{range gets \"/s/\(index)/*\"}}{{.Key}}={{.Value}}\n{{end}}")
        }

        func file(_ index: Int) -> String? { rig.box.read("\(name)-out/r\(index)") }
        func service(_ index: Int) -> String? { rig.box.read("\(name)-out/service\(index)") }
    }

    @Test func soak() async throws {
        var report = FaultReport("soak", "random keys, faults, edits and signals")
        var samples: [(usage: Usage, children: Int)] = []
        try await withRig { rig in
            let steady = try Agent(rig, "steady")
            let killed = try Agent(rig, "killed")
            let seed = UInt64(time(nil))
            print("soak: seed \(seed)")
            var random = SeededGenerator(seed: seed)
            var editions = [Int](repeating: 0, count: Self.resources)
            let end = ContinuousClock.now + .seconds(Self.seconds)
            while ContinuousClock.now < end {
                for _ in 0..<Int.random(in: 5...40, using: &random) {
                    try await disturb(rig, steady, killed, &editions, &random)
                }
                try rig.proxy.accept()
                rig.proxy.release()
                report.times += 1
                for agent in [steady, killed] {
                    let isRight = try await isInStep(agent, editions)
                    if !isRight { report.lost += 1 }
                    #expect(isRight, "\(agent.name)\n\(agent.child.standardError.suffix(3_000))")
                }
                let usage = try #require(
                    Usage(of: steady.child.processID), "\(steady.child.standardError.suffix(3_000))")
                samples.append((usage, children(of: steady.child.processID).count))
            }
            let lines = steady.child.standardError.split(separator: "\n").count
            report.measured = describe(samples, lines: lines)
            try await stop(steady.child)
            // Before it has set up its signal handling, TERM would end it.
            #expect(try await eventually { killed.child.standardError.contains("Starting confd") })
            try await stop(killed.child)
        }
        expectFlat(samples)
        report.print()
    }

    /// One random event.
    private func disturb(
        _ rig: FaultRig, _ steady: Agent, _ killed: Agent, _ editions: inout [Int], _ random: inout SeededGenerator
    ) async throws {
        let index = Int.random(in: 0..<Self.resources, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<60:
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let key =
                    "/s/\(Int.random(in: 0..<Self.resources, using: &random))/\(Int.random(in: 0..<30, using: &random))"
                if Bool.random(using: &random) {
                    try rig.client.put(key, "\(UInt32.random(in: 0 ... .max, using: &random))")
                } else {
                    try rig.client.delete(key)
                }
            }
        case 60..<68: rig.proxy.cut()
        case 68..<72: rig.proxy.refuse()
        case 72..<78: try rig.proxy.accept()
        case 78..<80: rig.proxy.hold()
        case 80..<84: rig.proxy.release()
        case 84..<87: rig.proxy.truncate(after: Int.random(in: 0...20_000, using: &random))
        case 87..<89: try rig.client.compactAndDefragment()
        case 89..<92:
            editions[index] += 1
            for agent in [steady, killed] {
                try Agent.addResource(rig.box, agent.name, index, edition: editions[index])
            }
        case 92..<95:
            // Before it has set up its signal handling, SIGHUP would end it.
            for agent in [steady, killed] where agent.child.standardError.contains("Starting confd") {
                agent.child.send(SIGHUP)
            }
        case 95..<97:
            killed.child.send(SIGKILL)
            _ = try await killed.child.wait()
            killed.child = try Agent.start(rig, killed.name)
        default: try await Task.sleep(for: .milliseconds(Int.random(in: 1...300, using: &random)))
        }
    }

    /// Waits until all files of an agent agree with etcd's state, and its services have read them.
    private func isInStep(_ agent: Agent, _ editions: [Int]) async throws -> Bool {
        let state = try agent.rig.client.all("/s/")
        let expected = (0..<Self.resources).map { index in
            let pairs = state.filter { $0.key.hasPrefix("/s/\(index)/") }.sorted { $0.key < $1.key }
            return "# \(editions[index])\n" + pairs.map { "\($0.key)=\($0.value)\n" }.joined()
        }
        // A reload that failed several times in a row has a pause of up to a minute.
        return try await eventually(seconds: 90) {
            (0..<Self.resources).allSatisfy { agent.file($0) == expected[$0] && agent.service($0) == expected[$0] }
        }
    }

    private func describe(_ samples: [(usage: Usage, children: Int)], lines: Int) -> String {
        func range(_ values: [Int]) -> String { "\(values.min() ?? 0) to \(values.max() ?? 0)" }
        let usages = samples.map(\.usage)
        return [
            String(format: "%.0f s", Self.seconds), "\(range(usages.map { $0.residentKiB / 1_024 })) MiB",
            "\(range(usages.map(\.descriptors))) descriptors", "\(range(usages.map(\.threads))) threads",
            "\(range(samples.map(\.children))) children", "\(lines) log lines",
            String(format: "%.1f s of CPU", usages.last?.cpuSeconds ?? 0),
        ].joined(separator: ", ")
    }

    /// The last third of the samples is no higher than the middle one, apart from fluctuations.
    private func expectFlat(_ samples: [(usage: Usage, children: Int)]) {
        #expect(samples.allSatisfy { $0.children <= 2 * Self.resources })
        // With fewer samples the comparison means nothing; the short soak of the gate has few.
        guard FaultScale.isFull || samples.count >= 9 else {
            return print("soak: \(samples.count) samples are too few to compare their thirds")
        }
        #expect(samples.count >= 9)
        let third = samples.count / 3
        let middle = samples[third..<(2 * third)]
        let last = samples[(2 * third)...]
        func most(_ part: ArraySlice<(usage: Usage, children: Int)>, _ value: (Usage) -> Int) -> Int {
            part.map { value($0.usage) }.max() ?? 0
        }
        #expect(most(last, \.residentKiB) <= most(middle, \.residentKiB) * 11 / 10 + 4_096)
        #expect(most(last, \.descriptors) <= most(middle, \.descriptors) + 6)
        #expect(most(last, \.threads) <= most(middle, \.threads) + 6)
    }
}
