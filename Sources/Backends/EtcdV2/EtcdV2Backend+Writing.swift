import HTTP
import Posix

// The v2 API has no leases: each key has a lifetime of its own, and to keep a lease alive is to refresh every key.
extension EtcdV2Backend: LeasingBackend {
    private static let writesInFlight = 4

    package func grant(
        _ lease: Lease, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Duration {
        .seconds(lease.seconds)
    }

    package func keepAlive(
        _ lease: Lease, holding keys: [[UInt8]: StoredKey], timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> LeaseState {
        let writes = keys.map { EtcdV2Write(key: $0, change: .refresh(seconds: lease.seconds), expected: $1) }
        var state = LeaseState(lifetime: .seconds(lease.seconds))
        for (write, outcome) in zip(writes, perform(writes, timeout, cancellation)) {
            switch outcome {
            case .put(let version): state.held[write.key] = version
            case .absent, .found, .leaseEnded: state.lost.insert(write.key)
            case .refused(let error), .failed(let error): state.failure = error
            }
        }
        return state
    }

    package func write(
        _ writes: [LeasedWrite], _ lease: Lease, timeout: Duration, cancellation: Cancellation
    ) -> [WriteOutcome] {
        let writes = writes.map { write in
            EtcdV2Write(
                key: write.key, change: write.value.map { .put($0, seconds: lease.seconds) } ?? .delete,
                expected: write.expected)
        }
        return perform(writes, timeout, cancellation)
    }

    package func revoke(
        _ lease: Lease, unlessItHoldsMoreThan keys: Set<[UInt8]>, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Bool {
        false
    }

    private func perform(
        _ writes: [EtcdV2Write], _ timeout: Duration, _ cancellation: Cancellation
    ) -> [WriteOutcome] {
        if writes.isEmpty { return [] }
        var outcomes = [WriteOutcome?](repeating: nil, count: writes.count)
        let deadline = ContinuousClock.now.advanced(by: timeout)
        do throws(BackendError) {
            try members.first(until: deadline) { endpoint, isLast throws(EtcdFailure) in
                let calls = PipelinedCalls<PendingResponse>(atOnce: Self.writesInFlight)
                let limit = isLast ? nil : Members.failoverTime
                try calls.run(writes.indices.filter { outcomes[$0] == nil }) { index throws(EtcdFailure) in
                    try start(writes[index], endpoint, deadline, limit)
                } finish: { index, response throws(EtcdFailure) in
                    outcomes[index] = try outcome(of: response, writes[index], endpoint, deadline, cancellation)
                }
            }
        } catch {
            return outcomes.map { $0 ?? .failed(error) }
        }
        return outcomes.compactMap { $0 }
    }

    private func start(
        _ write: EtcdV2Write, _ endpoint: Endpoint, _ deadline: ContinuousClock.Instant, _ firstByteTimeout: Duration?
    ) throws(EtcdFailure) -> PendingResponse {
        var request = try request(endpoint, write.call, write.key, query: write.query)
        write.complete(&request)
        request.timeout = max(.milliseconds(1), ContinuousClock.now.duration(to: deadline))
        request.firstByteTimeout = firstByteTimeout
        return client.start(request)
    }

    private func outcome(
        of call: PendingResponse, _ write: EtcdV2Write, _ endpoint: Endpoint, _ deadline: ContinuousClock.Instant,
        _ cancellation: Cancellation
    ) throws(EtcdFailure) -> WriteOutcome {
        let place = EtcdFailure.Place(endpoint: endpoint, call: write.call, cancellation: cancellation)
        let response = try place.answer(to: call, until: deadline)
        if [200, 201].contains(response.head.status) {
            do throws(EtcdV2Malformed) { return try write.outcome(try EtcdV2Document(response.body)) } catch {
                throw place.failure(.answer(.malformed(error.reason)))
            }
        }
        let refusal = EtcdV2Refusal(response)
        if refusal.isAbsence, write.expected != nil || write.isRead { return .absent }
        if refusal.isOtherVersion { return try look(at: write.key, endpoint, deadline, cancellation) }
        let failure = place.failure(.answer(.refused(refusal)))
        guard refusal.concernsOneWrite else { throw failure }
        return .refused(EtcdFailure.error([failure]))
    }

    /// Reads the key: `found` or `absent`.
    private func look(
        at key: [UInt8], _ endpoint: Endpoint, _ deadline: ContinuousClock.Instant, _ cancellation: Cancellation
    ) throws(EtcdFailure) -> WriteOutcome {
        let read = EtcdV2Write(key: key, change: .delete, expected: nil)
        let call = try start(read, endpoint, deadline, nil)
        return try outcome(of: call, read, endpoint, deadline, cancellation)
    }
}
