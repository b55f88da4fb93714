import HTTP
import KeyValue
import Posix
import Synchronization

/// Waits for changes in several directories at one node, with a blocking query for each.
final class ConsulWatch {
    private let client: ConsulClient
    private let node: HTTPNode
    private let timeout: Duration
    private let cancellation: Cancellation
    private let inbox = Inbox()
    private var directories: [Directory]

    private struct Directory {
        let path: [UInt8]
        /// Consul's number for its state; 0 if that has to be asked for.
        var index: UInt64 = 0
        var question: (headers: [Header], call: PendingResponse)?
    }

    /// Answers, as they come, with the places of their directories.
    private final class Inbox: Sendable {
        let arrived = Semaphore()
        private let answers = Mutex<[(place: Int, answer: Result<Response, HTTPError>)]>([])

        func put(_ place: Int, _ answer: Result<Response, HTTPError>) {
            answers.withLock { $0.append((place, answer)) }
            arrived.post()
        }

        func take() -> (place: Int, answer: Result<Response, HTTPError>)? {
            answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    /// Nothing is asked yet. `timeout` is for each answer, without the time that consul waits for a change.
    init(
        _ client: ConsulClient, _ node: HTTPNode, _ directories: [[UInt8]], timeout: Duration,
        _ cancellation: Cancellation
    ) {
        self.client = client
        self.node = node
        self.timeout = timeout
        self.cancellation = cancellation
        self.directories = directories.map { Directory(path: $0) }
    }

    deinit {
        for directory in directories { directory.question?.call.cancel() }
    }

    /// Returns when there may be a change that no read before this call has seen: the first time as soon as all indices are
    /// known, and then when an index has changed. Returns early when it is cancelled.
    func waitForChange() throws(ConsulFailure) {
        var hasChanged = false
        while !hasChanged || directories.contains(where: { $0.index == 0 }) {
            for place in directories.indices where directories[place].question == nil { try ask(place) }
            let calls = directories.compactMap { $0.question?.call }
            cancellation.onCancel { [inbox] in
                for call in calls { call.cancel() }
                inbox.arrived.post()
            }
            inbox.arrived.wait()
            if cancellation.isCancelled { return }
            while let (place, answer) = inbox.take() {
                if try take(answer, of: place) { hasChanged = true }
            }
        }
    }

    private func ask(_ place: Int) throws(ConsulFailure) {
        let directory = directories[place]
        let request = try client.question(directory.path, since: directory.index, at: node, timeout: timeout)
        let call = client.client.start(request) { [inbox] in inbox.put(place, $0) }
        directories[place].question = (request.headers, call)
    }

    /// Whether `answer` says that something may have changed in the directory.
    private func take(_ answer: Result<Response, HTTPError>, of place: Int) throws(ConsulFailure) -> Bool {
        guard let question = directories[place].question else { return false }
        directories[place].question = nil
        let call = ConsulFailure.Call.watch(directories[place].path)
        let response = try client.response(answer, to: question.headers, call, node, until: nil)
        let index = try client.index(of: response, call, node)
        let former = directories[place].index
        // It went backwards: a snapshot was restored, or a key with its tombstone is gone. The next question starts over.
        directories[place].index = index < former ? 0 : index
        // A new connection may lead to another store with an equal index.
        return index != former || response.isFirstOfConnection
    }
}
