import Glibc

/// How much the tests with random or injected faults do: a short selection in the gate, all of it with `CONFD_FAULT=full`
/// (`make fault`).
package enum FaultScale {
    package static let isFull = getenv("CONFD_FAULT").map { String(cString: $0) } == "full"

    package static func rounds(_ short: Int, full: Int) -> Int { isFull ? full : short }
    package static func seconds(_ short: Double, full: Double) -> Double { isFull ? full : short }
}
