/// `etcdserverpb.RangeRequest`; `sort_order` is left out because etcd returns keys in ascending order by itself.
struct RangeRequest: Equatable {
    var key: [UInt8]
    /// Empty: this one key. A single 0 byte: all keys from `key` on.
    var rangeEnd: [UInt8]
    /// The most keys to return; 0 is no limit.
    var limit: Int64 = 0
    /// 0 is the newest.
    var revision: Int64 = 0
    /// Whether the values are left out of the answer.
    var keysOnly = false

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.write(1, key)
        writer.write(2, rangeEnd)
        writer.write(3, limit)
        writer.write(4, revision)
        writer.write(8, keysOnly)
        return writer.bytes
    }
}

/// `etcdserverpb.TxnRequest` that only reads: all of `ranges`, at one revision.
struct ReadTransaction: Equatable {
    var ranges: [RangeRequest]

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        for range in ranges {
            var operation = ProtobufWriter()
            operation.writeMessage(1, range.encoded)
            // The field `success`: without conditions a transaction succeeds.
            writer.writeMessage(2, operation.bytes)
        }
        return writer.bytes
    }

    /// The answer, `etcdserverpb.TxnResponse`: its header, and where the `RangeResponse` of each range is in `buffer`.
    static func decode(
        _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(ProtobufError) -> (header: ResponseHeader, answers: [Range<Int>]) {
        var header = ResponseHeader()
        var answers: [Range<Int>] = []
        var reader = ProtobufReader(buffer, range)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: header = try ResponseHeader(try reader.message(field))
            case 3:
                var operation = try reader.message(field)
                while let field = try operation.nextField() {
                    if field.number == 1 {
                        answers.append(try operation.bytes(field))
                    } else {
                        try operation.skip(field)
                    }
                }
            default: try reader.skip(field)
            }
        }
        return (header, answers)
    }
}

/// `etcdserverpb.RangeResponse` without its keys, which `forEachKey` goes through.
struct RangeResponse: Equatable {
    /// Its revision is the newest when the answer was made.
    var header = ResponseHeader()
    /// The range holds more keys than the limit let through.
    var more = false
    /// The key that came last.
    var lastKey: Range<Int>?

    init() {}

    /// Decodes all but the keys of the message at `range` of `buffer`; only the last of them is looked at.
    init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(ProtobufError) {
        var last: Range<Int>?
        var reader = ProtobufReader(buffer, range)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: header = try ResponseHeader(try reader.message(field))
            case 2: last = try reader.bytes(field)
            case 3: more = try reader.bool(field)
            default: try reader.skip(field)
            }
        }
        if let last { lastKey = try KeyValue(ProtobufReader(buffer, last)).key }
    }

    /// Calls `body` with where each key and its value are in `buffer`, and the revision in which it was modified, in the order
    /// of the message at `range`; returns the newest of these revisions.
    @discardableResult
    static func forEachKey(
        _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>,
        _ body: (_ key: Range<Int>, _ value: Range<Int>, _ modified: Int64) -> Void
    ) throws(ProtobufError) -> Int64 {
        var newest: Int64 = 0
        var reader = ProtobufReader(buffer, range)
        while let field = try reader.nextField() {
            guard field.number == 2 else {
                try reader.skip(field)
                continue
            }
            let pair = try KeyValue(try reader.message(field))
            newest = max(newest, pair.modified)
            body(pair.key, pair.value, pair.modified)
        }
        return newest
    }
}

/// `etcdserverpb.ResponseHeader`, the fields that are used.
struct ResponseHeader: Equatable {
    /// Which cluster answered; 0 if that is unknown.
    var cluster: UInt64 = 0
    var revision: Int64 = 0

    init() {}

    init(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        while let field = try reader.nextField() {
            switch field.number {
            case 1: cluster = try reader.varint(field)
            case 3: revision = try reader.int64(field)
            default: try reader.skip(field)
            }
        }
    }
}

/// `mvccpb.KeyValue`: where its key and value are.
struct KeyValue: Equatable {
    var key: Range<Int>
    var value: Range<Int>
    /// The revision of the last change.
    var modified: Int64 = 0

    init(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        key = reader.position..<reader.position
        value = key
        while let field = try reader.nextField() {
            switch field.number {
            case 1: key = try reader.bytes(field)
            case 3: modified = try reader.int64(field)
            case 5: value = try reader.bytes(field)
            default: try reader.skip(field)
            }
        }
    }
}

/// `etcdserverpb.AuthenticateRequest`.
struct AuthenticateRequest {
    let name: [UInt8]
    let password: [UInt8]

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.write(1, name)
        writer.write(2, password)
        return writer.bytes
    }
}

/// `etcdserverpb.AuthenticateResponse`.
enum AuthenticateResponse {
    static func token(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(ProtobufError) -> String {
        var reader = ProtobufReader(buffer, range)
        var token = ""
        while let field = try reader.nextField() {
            if field.number == 2 { token = try reader.string(field) } else { try reader.skip(field) }
        }
        return token
    }
}
