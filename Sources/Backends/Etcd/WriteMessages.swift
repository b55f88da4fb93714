/// `etcdserverpb.TxnRequest` that puts or deletes one key if it is as expected, and else reads it.
struct GuardedWrite: Equatable {
    let write: LeasedWrite
    /// The lease that a key that is put is attached to.
    let lease: Int64

    /// `Compare`s: the key's `mod_revision`, which is 0 where there is none, and its lease.
    private var conditions: [[UInt8]] {
        // EQUAL is the default of field 1.
        var version = ProtobufWriter()
        // MOD.
        version.write(2, 2 as Int64)
        version.write(3, write.key)
        version.write(6, write.expected?.version ?? 0)
        guard case .lease(let id)? = write.expected?.holder else { return [version.bytes] }
        var lease = ProtobufWriter()
        // LEASE.
        lease.write(2, 4 as Int64)
        lease.write(3, write.key)
        lease.write(8, id)
        return [version.bytes, lease.bytes]
    }

    /// `RequestOp`; nil if there is nothing to do.
    private var change: [UInt8]? {
        var request = ProtobufWriter()
        var operation = ProtobufWriter()
        request.write(1, write.key)
        if let value = write.value {
            request.write(2, value)
            request.write(3, lease)
            operation.writeMessage(2, request.bytes)
        } else {
            if write.expected == nil { return nil }
            operation.writeMessage(3, request.bytes)
        }
        return operation.bytes
    }

    var encoded: [UInt8] {
        var transaction = ProtobufWriter()
        for condition in conditions { transaction.writeMessage(1, condition) }
        if let change { transaction.writeMessage(2, change) }
        var read = ProtobufWriter()
        read.writeMessage(1, RangeRequest(key: write.key, rangeEnd: []).encoded)
        transaction.writeMessage(3, read.bytes)
        return transaction.bytes
    }

    /// Decodes the answer, `etcdserverpb.TxnResponse` at `range` of `buffer`.
    func outcome(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(ProtobufError) -> WriteOutcome {
        var header = ResponseHeader()
        var isWritten = false
        var found: StoredKey?
        var reader = ProtobufReader(buffer, range)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: header = try ResponseHeader(try reader.message(field))
            case 2: isWritten = try reader.bool(field)
            case 3:
                var operation = try reader.message(field)
                while let field = try operation.nextField() {
                    if field.number == 1 {
                        found = try StoredKey.first(of: try operation.message(field))
                    } else {
                        try operation.skip(field)
                    }
                }
            default: try reader.skip(field)
            }
        }
        if isWritten { return write.value == nil ? .absent : .put(version: header.revision) }
        return found.map(WriteOutcome.found) ?? .absent
    }
}

extension StoredKey {
    /// The first key of a `RangeResponse`.
    fileprivate static func first(of message: ProtobufReader) throws(ProtobufError) -> StoredKey? {
        var reader = message
        while let field = try reader.nextField() {
            if field.number == 2 { return try StoredKey(try reader.message(field)) }
            try reader.skip(field)
        }
        return nil
    }

    /// `mvccpb.KeyValue`.
    private init(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        var value: [UInt8] = []
        var version: Int64 = 0
        var lease: Int64 = 0
        while let field = try reader.nextField() {
            switch field.number {
            case 3: version = try reader.int64(field)
            case 5: value = Array(reader.buffer[try reader.bytes(field)])
            case 6: lease = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
        self.init(value: value, version: version, holder: lease == 0 ? .nobody : .lease(lease))
    }
}
