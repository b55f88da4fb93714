import Glibc

/// Measures that the target's time grows in proportion to the length of its input.
///
/// Takes the folder of seeds: besides the target's own families of inputs, parts of each seed are repeated. An
/// input of eight times the length may take 24 times as long, which leaves room for caches and for sorting;
/// quadratic work takes 64 times as long. Time is that of the processor, the shortest of several runs.
@main
struct Growth {
    private static let length = 16 << 10
    private static let factor = 8
    private static let bound = 24.0
    /// Below this many seconds nothing is judged.
    private static let negligible = 0.002

    static func main() {
        var pumps = Target.pumps
        for (name, seed) in seeds(in: CommandLine.arguments.dropFirst().first ?? "") {
            pumps += parts(of: seed, name)
        }
        var failures = 0
        for pump in pumps where !isLinear(pump) { failures += 1 }
        print(
            "growth: \(pumps.count) families of inputs, \(failures) beyond \(bound) times for \(factor) times the length"
        )
        exit(failures == 0 ? 0 : 1)
    }

    private static func isLinear(_ pump: Pump) -> Bool {
        let short = pump.input(length)
        let long = pump.input(factor * length)
        var ratio = 0.0
        var time = 0.0
        // Another process can disturb one series of measurements, but hardly five in a row.
        for _ in 0..<5 {
            time = shortest(long, of: 3)
            if time < negligible { return true }
            ratio = time / shortest(short, of: 8)
            if ratio <= bound { return true }
        }
        print("\(pump.name): \(ratio) times longer, \(time) s for \(long.count) bytes")
        return false
    }

    private static func shortest(_ input: [UInt8], of runs: Int) -> Double {
        (0..<runs).map { _ in time(input) }.min() ?? 0
    }

    private static func time(_ input: [UInt8]) -> Double {
        let start = processorTime()
        input.withUnsafeBufferPointer { Target.work($0) }
        return processorTime() - start
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// The whole seed, its halves and quarters, and single bytes of it, each repeated.
    private static func parts(of seed: [UInt8], _ name: String) -> [Pump] {
        var ranges: Set<Range<Int>> = []
        for count in [1, 2, 4] {
            for part in 0..<count {
                ranges.insert(seed.count * part / count..<seed.count * (part + 1) / count)
            }
        }
        for step in 0..<4 {
            let place = seed.count * step / 4
            ranges.insert(place..<min(place + 1, seed.count))
        }
        return ranges.filter { !$0.isEmpty }.map { Pump("\(name), bytes \($0)", repeating: $0, of: seed) }
    }

    private static func seeds(in folder: String) -> [(name: String, bytes: [UInt8])] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var seeds: [(String, [UInt8])] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix("."), let file = fopen(folder + "/" + name, "r") else { continue }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
            seeds.append((name, bytes))
        }
        return seeds.sorted { $0.0 < $1.0 }
    }
}
