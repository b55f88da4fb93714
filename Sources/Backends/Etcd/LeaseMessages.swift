/// `etcdserverpb.LeaseGrantRequest`.
struct LeaseGrantRequest {
    /// In seconds.
    let lifetime: Int64
    let id: Int64

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.write(1, lifetime)
        writer.write(2, id)
        return writer.bytes
    }
}

/// `LeaseKeepAliveRequest` and `LeaseRevokeRequest` of `etcdserverpb`, which have one form.
struct LeaseRequest {
    let id: Int64

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.write(1, id)
        return writer.bytes
    }
}

/// `etcdserverpb.LeaseTimeToLiveRequest` that asks for the lease's keys.
struct LeaseTimeToLiveRequest {
    let id: Int64

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.write(1, id)
        writer.write(2, true)
        return writer.bytes
    }
}

/// `LeaseGrantResponse`, `LeaseKeepAliveResponse` and `LeaseTimeToLiveResponse` of `etcdserverpb`, whose fields have the same
/// numbers.
struct LeaseResponse: Equatable {
    var id: Int64 = 0
    /// In seconds; 0 or less: there is no such lease.
    var lifetime: Int64 = 0
    /// The keys that hang on the lease, in answers to `LeaseTimeToLiveRequest`.
    var keys: [[UInt8]] = []

    init() {}

    init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) throws(ProtobufError) {
        var reader = ProtobufReader(buffer, range)
        while let field = try reader.nextField() {
            switch field.number {
            case 2: id = try reader.int64(field)
            case 3: lifetime = try reader.int64(field)
            case 5: keys.append(Array(buffer[try reader.bytes(field)]))
            default: try reader.skip(field)
            }
        }
    }
}
