/// `etcdserverpb.RangeRequest`; `sort_order` is left out because etcd returns keys in ascending order by itself.
struct RangeRequest: Equatable {
    var key: [UInt8]
    /// Empty: this one key. A single 0 byte: all keys from `key` on.
    var rangeEnd: [UInt8]
    /// The most keys to return; 0 is no limit.
    var limit: Int64 = 0
    /// 0 is the newest.
    var revision: Int64 = 0

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.write(1, key)
        writer.write(2, rangeEnd)
        writer.write(3, limit)
        writer.write(4, revision)
        return writer.bytes
    }
}

/// `etcdserverpb.RangeResponse` without its keys, which are handed on one by one.
struct RangeResponse: Equatable {
    /// Its revision is the newest when the answer was made.
    var header = ResponseHeader()
    /// The range holds more keys than the limit let through.
    var more = false
    /// The key that came last.
    var lastKey: Range<Int>?

    /// Decodes the message at `range` of `buffer`; `entry` gets where each key and its value are in `buffer`.
    static func decode(
        _ buffer: UnsafeRawBufferPointer, _ range: Range<Int>, entry: (_ key: Range<Int>, _ value: Range<Int>) -> Void
    ) throws(ProtobufError) -> RangeResponse {
        var response = RangeResponse()
        var reader = ProtobufReader(buffer, range)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: response.header = try ResponseHeader(try reader.message(field))
            case 2:
                let pair = try KeyValue(try reader.message(field))
                response.lastKey = pair.key
                entry(pair.key, pair.value)
            case 3: response.more = try reader.bool(field)
            default: try reader.skip(field)
            }
        }
        return response
    }
}

/// `etcdserverpb.ResponseHeader`, as far as it is of use.
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

    init(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        key = reader.position..<reader.position
        value = key
        while let field = try reader.nextField() {
            switch field.number {
            case 1: key = try reader.bytes(field)
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
