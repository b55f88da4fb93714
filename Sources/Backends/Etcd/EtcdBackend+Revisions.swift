import HTTP
import Posix

extension EtcdBackend: DatingBackend {
    /// etcd's default for the operations of one transaction (`--max-txn-ops`) is 128.
    private static let mostKeys = 100

    package func revisions(
        of keys: [[UInt8]], timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> [[UInt8]: Int64] {
        let ranges = keys.prefix(Self.mostKeys).map { RangeRequest(key: $0, rangeEnd: [], keysOnly: true) }
        guard let first = ranges.first else { return [:] }
        return try calling(timeout: timeout, cancellation) { caller throws(EtcdFailure) in
            do throws(GRPCFailure) {
                let call = caller.start(.transaction, ReadTransaction(ranges: ranges).encoded)
                cancellation.onCancel { [response = call.response] in response.cancel() }
                return try UnaryCaller.decode(try call.wait(), Self.revisions)
            } catch {
                throw EtcdFailure(caller.channel.endpoint, .get(first.key), .call(error))
            }
        }
    }

    private static func revisions(
        _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(ProtobufError) -> [[UInt8]: Int64] {
        var revisions: [[UInt8]: Int64] = [:]
        for answer in try ReadTransaction.decode(buffer, range).answers {
            try RangeResponse.forEachKey(buffer, answer) { key, _, modified in
                revisions[Array(buffer[key])] = modified
            }
        }
        return revisions
    }
}
