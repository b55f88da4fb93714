/// Several calls at a time to one member of a cluster, whose answers are taken in the order of the calls. A call ends when it is
/// dropped.
struct PipelinedCalls<Call> {
    let atOnce: Int

    /// Starts a call for each of `items` and passes it to `finish`, which waits for it. The first call is alone: it makes the
    /// connection that the others share. Calls without an answer are dropped when `finish` throws.
    func run(
        _ items: [Int], start: (Int) throws(EtcdFailure) -> Call,
        finish: (Int, Call) throws(EtcdFailure) -> Void
    ) throws(EtcdFailure) {
        var waiting = items[...]
        var calls: [(item: Int, call: Call)] = []
        var limit = 1
        while !waiting.isEmpty || !calls.isEmpty {
            while calls.count < limit, let item = waiting.popFirst() { calls.append((item, try start(item))) }
            let (item, call) = calls.removeFirst()
            try finish(item, call)
            limit = atOnce
        }
    }
}
