import HTTP
import Posix

extension EtcdBackend: TransactingBackend {
    package func commit(
        _ transaction: Transaction, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Bool {
        try calling(timeout: timeout, cancellation) { caller throws(EtcdFailure) in
            do throws(GRPCFailure) {
                let call = caller.start(.transaction, transaction.encoded)
                return try UnaryCaller.decode(try call.wait()) { buffer, range throws(ProtobufError) in
                    try Transaction.wasMade(buffer, range)
                }
            } catch {
                throw EtcdFailure(caller.channel.endpoint, .put(transaction.changes.first?.key ?? []), .call(error))
            }
        }
    }
}

extension Transaction.Change {
    fileprivate var key: [UInt8] {
        switch self {
        case .put(let key, _), .delete(let key), .deleteBelow(let key): key
        }
    }

    /// `RequestOp`.
    fileprivate var encoded: [UInt8] {
        var request = ProtobufWriter()
        var operation = ProtobufWriter()
        switch self {
        case .put(let key, let value):
            request.write(1, key)
            request.write(2, value)
            operation.writeMessage(2, request.bytes)
        case .delete(let key):
            request.write(1, key)
            operation.writeMessage(3, request.bytes)
        case .deleteBelow(let path):
            let span = KeySpan.below(path)
            request.write(1, span.start)
            request.write(2, span.end)
            operation.writeMessage(3, request.bytes)
        }
        return operation.bytes
    }
}

extension Transaction {
    /// `etcdserverpb.TxnRequest`.
    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        for condition in conditions {
            // EQUAL is the default of field 1, and the `mod_revision` of a key that is not there is 0.
            var comparison = ProtobufWriter()
            // MOD.
            comparison.write(2, 2 as Int64)
            comparison.write(3, condition.key)
            comparison.write(6, condition.version)
            writer.writeMessage(1, comparison.bytes)
        }
        for change in changes { writer.writeMessage(2, change.encoded) }
        return writer.bytes
    }

    /// What the answer, `etcdserverpb.TxnResponse` at `range` of `buffer`, says.
    static func wasMade(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(ProtobufError) -> Bool {
        var isMade = false
        var reader = ProtobufReader(buffer, range)
        while let field = try reader.nextField() {
            if field.number == 2 { isMade = try reader.bool(field) } else { try reader.skip(field) }
        }
        return isMade
    }
}
