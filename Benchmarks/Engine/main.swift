import Posix

// Times the template engine in process, over keys as the nginx example has them.
//
//   EngineBenchmark               the median of seven runs of each workload, in wall clock and in processor time
//   EngineBenchmark --functions   the same of functions over millions of elements
//   EngineBenchmark --once NAME   runs one workload over 10,000 keys once more after a first time: the second run is
//                                 `countedRun`, which a profiler can be told to watch
//
// The same templates over the same data in Go's engine are what docs/performance.md compares with.

/// The workloads over ten keys for each of `services`.
func workloads(services: Int) throws -> [Workload] {
    [
        try .render("nested", Templates.nested, services: services),
        try .render("flat", Templates.flat, services: services),
        try .render("printf", Templates.formatted, services: services),
    ]
}

@inline(never)
func countedRun(_ workload: Workload) throws -> Int { try workload.run() }

/// Prints the medians of seven runs, in milliseconds, and the bytes that a run gave.
func measure(_ workload: Workload, _ size: String) throws {
    var elapsed: [Duration] = []
    var busy: [Duration] = []
    var bytes = 0
    for _ in 0..<7 {
        let start = (Clock.monotonic(), Clock.processor())
        bytes = try workload.run()
        elapsed.append(Clock.monotonic() - start.0)
        busy.append(Clock.processor() - start.1)
    }
    print("\(workload.name) \(size)  \(median(elapsed)) ms  \(median(busy)) ms busy  \(bytes) bytes")
}

func median(_ times: [Duration]) -> Double {
    let (seconds, attoseconds) = times.sorted()[times.count / 2].components
    let milliseconds = Double(seconds) * 1e3 + Double(attoseconds) / 1e15
    return (milliseconds * 100).rounded() / 100
}

if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--once" {
    let named = (try workloads(services: 1_000) + [.parse(size: 1 << 20)]).first { $0.name == CommandLine.arguments[2] }
    guard let workload = named else { fatalError("no such workload") }
    _ = try workload.run()
    print(try countedRun(workload))
} else if CommandLine.arguments.dropFirst() == ["--functions"] {
    for workload in try Workload.functions() { try measure(workload, "") }
} else {
    for services in [1_000, 10_000] {
        for workload in try workloads(services: services) { try measure(workload, "\(services * 10)") }
    }
    try measure(.parse(size: 1 << 20), "1 MiB")
}
