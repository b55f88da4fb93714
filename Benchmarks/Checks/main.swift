import Checks
import Posix

// Measures the check engine: `CheckBenchmark KIND COUNT PORT SECONDS [INTERVAL-MS]`, KIND is http or tcp. COUNT targets are
// probed, 127.0.x.y:PORT each, which one server on all addresses can be. Prints the processor time, the memory and how late
// probes were, once all have been probed for the first time.

func megabytes() -> Double {
    // Size and resident pages.
    guard let text = try? Files.read("/proc/self/statm") else { return 0 }
    let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
    return Double(Int(fields[1]) ?? 0) * 4_096 / 1_048_576
}

func seconds(_ time: Duration) -> Double {
    Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
}

/// The upper limit of the bucket in which the given part of all times lies.
func quantile(_ part: Double, _ histogram: Histogram, since before: Histogram) -> String {
    let counts = zip(histogram.counts, before.counts).map { $0 - $1 }
    let wanted = Double(counts.reduce(0, +)) * part
    var sum = 0
    for (limit, count) in zip(Histogram.limits, counts) {
        sum += count
        if Double(sum) >= wanted { return "≤ \(limit) ms" }
    }
    return "> \(Histogram.limits.last ?? 0) ms"
}

func run(_ arguments: [String]) throws {
    guard arguments.count >= 5, let count = Int(arguments[2]), let port = UInt16(arguments[3]),
        let time = Int(arguments[4])
    else { return print("usage: CheckBenchmark http|tcp COUNT PORT SECONDS [INTERVAL-MS]") }
    var options = HealthCheck.Options()
    options.interval = .milliseconds(arguments.count > 5 ? Int(arguments[5]) ?? 5_000 : 5_000)
    let kind = arguments[1] == "tcp" ? HealthCheck.Kind.tcp(TCPCheck()) : .http(try HTTPCheck(path: "/health"))
    let check = try HealthCheck(kind, options)
    let targets = Set(
        (0..<count).map { CheckedTarget(.host("127.0.\(1 + $0 / 250).\(1 + $0 % 250)", port: port), check) })
    let before = megabytes()
    let engine = try CheckEngine(warn: { print($0) }, deliver: { if !$0.health.isUp { print($0.message) } })
    engine.set(targets)
    Clock.sleep(options.interval + .seconds(2))
    let start = (engine.statistics, Clock.processor(), Clock.monotonic())
    Clock.sleep(.seconds(time))
    let end = (engine.statistics, Clock.processor(), Clock.monotonic())
    let probes = end.0.lateness.count - start.0.lateness.count
    let wall = seconds(end.2 - start.2)
    let processor = seconds(end.1 - start.1)
    print(
        "\(arguments[1]): \(count) targets, \(Int(Double(probes) / wall)) probes/s, "
            + "\((processor / wall * 1_000).rounded() / 10) % of a core, "
            + "\((processor / Double(max(probes, 1)) * 1e7).rounded() / 10) us a probe, "
            + "\(((megabytes() - before) * 10).rounded() / 10) MiB more")
    print(
        "late: median \(quantile(0.5, end.0.lateness, since: start.0.lateness)), "
            + "99 % \(quantile(0.99, end.0.lateness, since: start.0.lateness))")
    engine.stop()
}

try run(CurrentProcess.arguments)
