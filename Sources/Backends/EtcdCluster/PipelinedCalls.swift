import HTTP
import Posix

/// Several calls at a time to one member of a cluster, whose answers are taken in the order of the calls.
struct PipelinedCalls {
    let atOnce: Int
    let cancellation: Cancellation

    /// Starts a call for each of `items` and passes it to `finish`, which waits for it. The first call is alone: it makes the
    /// connection that the others share. Calls without an answer are cancelled when `finish` throws.
    func run(
        _ items: [Int], start: (Int) throws(EtcdFailure) -> PendingResponse,
        finish: (Int, PendingResponse) throws(EtcdFailure) -> Void
    ) throws(EtcdFailure) {
        var waiting = items[...]
        var calls: [(item: Int, response: PendingResponse)] = []
        defer { for call in calls { call.response.cancel() } }
        var limit = 1
        while !waiting.isEmpty || !calls.isEmpty {
            while calls.count < limit, let item = waiting.popFirst() { calls.append((item, try start(item))) }
            let responses = calls.map(\.response)
            cancellation.onCancel { for response in responses { response.cancel() } }
            let (item, response) = calls.removeFirst()
            try finish(item, response)
            limit = atOnce
        }
    }
}
