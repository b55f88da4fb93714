import HTTP
import JSON
import KeyValue
import Posix

/// etcd's old v2 API: JSON over HTTP/1.1, as etcd up to 3.5 serves it with `--enable-v2=true`.
package final class EtcdV2Backend: Backend {
    let options: EtcdOptions
    let members: Members
    let client = Client()

    /// Checks `options`; nothing is contacted yet.
    package init(_ options: EtcdOptions) throws(BackendError) {
        var generator = SystemRandomNumberGenerator()
        members = try Members(options, using: &generator)
        self.options = options
    }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        try snapshot(of: ranges, timeout: timeout, nil)
    }

    func snapshot(
        of ranges: [KeyRange], timeout: Duration, _ cancellation: Cancellation?
    ) throws(BackendError) -> Snapshot {
        let directories = KeySpan.directories(of: ranges)
        if directories.isEmpty { return Snapshot([]) }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try members.first(until: deadline) { endpoint, isLast throws(EtcdFailure) in
            let limits = ReadLimits(
                endpoint: endpoint, deadline: deadline, firstByteTimeout: isLast ? nil : Members.failoverTime,
                cancellation: cancellation)
            return try read(ranges, directories, limits)
        }
    }

    /// The limits of one read at an endpoint.
    private struct ReadLimits {
        let endpoint: Endpoint
        let deadline: ContinuousClock.Instant
        /// Of the first answer; nil is none.
        let firstByteTimeout: Duration?
        let cancellation: Cancellation?
    }

    /// How often directories are read one by one before all are read at once.
    private static let attempts = 3

    /// The v2 API cannot read at a revision: several reads are of one revision only if nothing was written in between. If writes
    /// come too often, the common parent directory is read in one call.
    private func read(
        _ ranges: [KeyRange], _ directories: [[UInt8]], _ limits: ReadLimits
    ) throws(EtcdFailure) -> Snapshot {
        let common = KeySpan.commonDirectory(of: directories)
        while true {
            for _ in 0..<EtcdV2Backend.attempts {
                let answers = try read(directories, limits)
                if answers.allSatisfy({ $0.index == answers[0].index }) { return try snapshot(of: ranges, answers) }
            }
            do {
                return try snapshot(of: ranges, try read([common], limits))
            } catch {
                // The user may have no permission for what no resource names.
                guard case .answer(.refused(let refusal)) = error.cause, refusal.isForbidden, directories != [common],
                    ContinuousClock.now < limits.deadline
                else { throw error }
            }
        }
    }

    private struct Answer {
        let directory: [UInt8]
        let endpoint: Endpoint
        let index: Int64
        let body: [UInt8]
    }

    private static let callsInFlight = 16

    private func read(_ directories: [[UInt8]], _ limits: ReadLimits) throws(EtcdFailure) -> [Answer] {
        let endpoint = limits.endpoint
        var answers: [Answer] = []
        var size = 0
        var waiting = directories[...]
        var calls: [(directory: [UInt8], call: PendingResponse)] = []
        while !waiting.isEmpty || !calls.isEmpty {
            // The first call alone, to find out whether the member works.
            let limit = answers.isEmpty ? 1 : EtcdV2Backend.callsInFlight
            while calls.count < limit, let directory = waiting.popFirst() {
                var request = try request(endpoint, .get(directory), directory, query: "recursive=true&quorum=true")
                request.timeout = max(.milliseconds(1), ContinuousClock.now.duration(to: limits.deadline))
                request.firstByteTimeout = answers.isEmpty ? limits.firstByteTimeout : nil
                calls.append((directory, client.start(request)))
            }
            let (directory, call) = calls.removeFirst()
            let place = EtcdFailure.Place(
                endpoint: endpoint, call: .get(directory), cancellation: limits.cancellation)
            let response = try place.wait(for: call, until: limits.deadline)
            let index = try place.index(of: response)
            size += response.body.count
            // Of all answers together, which are in memory until the last one is there.
            if size > EtcdV2Backend.bodyLimit { throw place.failure(.transport(HTTPError(.tooLarge(size)))) }
            answers.append(Answer(directory: directory, endpoint: endpoint, index: index, body: response.body))
        }
        return answers
    }

    private func snapshot(of ranges: [KeyRange], _ answers: [Answer]) throws(EtcdFailure) -> Snapshot {
        let spans = KeySpan.covering(ranges)
        let builder = Snapshot.Builder()
        for answer in answers {
            do throws(EtcdV2Malformed) {
                try EtcdV2Document(answer.body).forEachKey { key, value in
                    let isWanted = key.withMemoryRebound(to: UInt8.self) { KeySpan.contains(Array($0), in: spans) }
                    if isWanted { builder.append(key: key, value: value) }
                }
            } catch {
                throw EtcdFailure(answer.endpoint, .get(answer.directory), .answer(.malformed(error.reason)))
            }
        }
        return builder.finish(revision: answers[0].index)
    }
}

// Requests.
extension EtcdV2Backend {
    /// A GET of the keys below `path`.
    func request(
        _ endpoint: Endpoint, _ call: EtcdFailure.Call, _ path: [UInt8], query: String
    ) throws(EtcdFailure) -> Request {
        var request = Request(
            url: "\(endpoint.url)/v2/keys\(percentEncoded(path[...]))?\(query)", method: .get, version: .http1)
        request.connectTo = endpoint.connectTo
        request.headers = [Header("user-agent", "confd")]
        if let credentials = options.credentials {
            let secret: [UInt8]
            do throws(BackendError) { secret = try credentials.secret() } catch {
                throw EtcdFailure(endpoint, call, .secret(error))
            }
            request.headers.append(
                credentials.username.map { .basicAuthorization($0, secret) }
                    ?? Header("authorization", "Bearer " + String(decoding: secret, as: UTF8.self)))
        }
        request.tls = options.tls
        request.connectTimeout = options.dialTimeout
        request.bodyLimit = EtcdV2Backend.bodyLimit
        return request
    }

    /// The v2 API has no pages, so an answer may be larger than a page of the v3 API.
    private static let bodyLimit = MemoryLimit.bounded(512 << 20, to: 4)
}

// Answers.
extension EtcdFailure {
    /// The endpoint and purpose of a call, for its failure.
    struct Place {
        let endpoint: Endpoint
        let call: Call
        /// Ends it; nil if it ends by its deadline alone.
        let cancellation: Cancellation?

        func failure(_ cause: Cause) -> EtcdFailure { EtcdFailure(endpoint, call, cause) }

        /// The answer, whatever it is.
        func answer(to call: PendingResponse, until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> Response {
            do { return try call.wait(cancellation) } catch {
                throw failure(error.isEnd(of: deadline) ? .timeIsOver : .transport(error))
            }
        }

        /// The answer of the v2 API to a read, also where the key does not exist.
        func wait(for call: PendingResponse, until deadline: ContinuousClock.Instant) throws(EtcdFailure) -> Response {
            let response = try answer(to: call, until: deadline)
            guard response.head.status != 200 else { return response }
            let refusal = EtcdV2Refusal(response)
            if refusal.isMissingKey { return response }
            throw failure(.answer(.refused(refusal)))
        }

        /// The index of the store at the time of the answer.
        func index(of response: Response) throws(EtcdFailure) -> Int64 {
            guard let text = response.head.headers.first(named: "x-etcd-index"), let index = Int64(text),
                EtcdV2Document.indexes.contains(index)
            else { throw failure(.answer(.malformed("no X-Etcd-Index"))) }
            return index
        }
    }
}
