/// Is called by the executor before each instruction. The executor's loop is specialised for each conforming type, so that a
/// rendering without a trace spends nothing on it.
protocol ExecutionTracer {
    /// The instruction at `address` is executed next.
    mutating func step(_ address: Int, _ executor: borrowing Executor)
}

/// Notes nothing.
struct Untraced: ExecutionTracer {
    @inline(__always)
    mutating func step(_ address: Int, _ executor: borrowing Executor) {}
}

/// Notes in an `ExecutionTrace`.
struct Recording: ExecutionTracer {
    private let trace: ExecutionTrace
    /// The instruction before this one.
    private var last = -2

    init(_ trace: ExecutionTrace) { self.trace = trace }

    @inline(__always)
    mutating func step(_ address: Int, _ executor: borrowing Executor) {
        trace.note(address, after: last)
        last = address
    }
}

/// Counts, over executions of one template, how often each instruction was executed, and how often the one that follows it in
/// the program was executed next.
package final class ExecutionTrace {
    private(set) var counts: [Int]
    private(set) var continued: [Int]

    init(of program: Program) {
        counts = Array(repeating: 0, count: program.code.count)
        continued = counts
    }

    /// Whether it can take the executions of `program`.
    func fits(_ program: Program) -> Bool { counts.count == program.code.count }

    fileprivate func note(_ address: Int, after last: Int) {
        counts[address] += 1
        if address == last + 1 { continued[last] += 1 }
    }
}
