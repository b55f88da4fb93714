import Posix

extension EtcdBackend {
    private static let writesInFlight = 16

    package func write(
        _ writes: [LeasedWrite], _ lease: Lease, timeout: Duration, cancellation: Cancellation
    ) -> [WriteOutcome] {
        let writes = writes.map { GuardedWrite(write: $0, lease: lease.id) }
        var outcomes = [WriteOutcome?](repeating: nil, count: writes.count)
        do throws(BackendError) {
            try calling(timeout: timeout, cancellation) { caller throws(EtcdFailure) in
                let calls = PipelinedCalls<Channel.Call>(atOnce: Self.writesInFlight)
                // Some may have been tried at another member: each is done once at most, because it changes the version that it
                // asks for.
                try calls.run(writes.indices.filter { outcomes[$0] == nil }) { index throws(EtcdFailure) in
                    caller.start(.transaction, writes[index].encoded)
                } finish: { index, call throws(EtcdFailure) in
                    outcomes[index] = try caller.outcome(of: call, writes[index])
                }
            }
        } catch {
            return outcomes.map { $0 ?? .failed(error) }
        }
        return outcomes.compactMap { $0 }
    }
}

extension UnaryCaller {
    fileprivate func outcome(of call: Channel.Call, _ write: GuardedWrite) throws(EtcdFailure) -> WriteOutcome {
        do throws(GRPCFailure) {
            return try Self.decode(try call.wait()) { buffer, range throws(ProtobufError) in
                try write.outcome(buffer, range)
            }
        } catch {
            let key = write.write.key
            let failure = EtcdFailure(
                channel.endpoint, write.write.value == nil ? .delete(key) : .put(key), .call(error))
            if failure.refusal == .leaseNotFound { return .leaseEnded }
            guard failure.concernsOneWrite else { throw failure }
            return .refused(EtcdFailure.error([failure]))
        }
    }
}
