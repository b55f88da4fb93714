/// `etcdserverpb.WatchRequest`, a oneof.
enum WatchRequest {
    /// Watch `span` from `startRevision` on, long answers divided.
    case create(id: Int64, span: KeySpan, startRevision: Int64)
    /// Request a progress notification (etcd 3.4).
    case progress

    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        switch self {
        case .create(let id, let span, let startRevision):
            var create = ProtobufWriter()
            create.write(1, span.start)
            create.write(2, span.end)
            create.write(3, startRevision)
            create.write(7, id)
            create.write(8, true)
            writer.writeMessage(1, create.bytes)
        case .progress:
            writer.writeMessage(3, [])
        }
        return writer.bytes
    }
}

/// `etcdserverpb.WatchResponse`.
struct WatchResponse: Equatable {
    var header = ResponseHeader()
    /// -1 in answers that concern all watches of the stream.
    var watchID: Int64 = 0
    var isCreated = false
    var isCanceled = false
    /// Above 0: history is compacted up to this revision, which is after the requested one.
    var compactRevision: Int64 = 0
    var cancelReason = ""
    /// The answer goes on in the next message for the same watch.
    var isFragment = false
    var events: [WatchEvent] = []
    /// The newest revision among the events, those that were dropped included.
    var newestRevision: Int64 = 0

    static func decode(_ message: ArraySlice<UInt8>) throws(ProtobufError) -> WatchResponse {
        try message.withUnsafeBufferPointer { bytes throws(ProtobufError) in
            let buffer = UnsafeRawBufferPointer(bytes)
            var reader = ProtobufReader(buffer, 0..<buffer.count)
            var response = WatchResponse()
            while let field = try reader.nextField() {
                switch field.number {
                case 1: response.header = try ResponseHeader(try reader.message(field))
                case 2: response.watchID = try reader.int64(field)
                case 3: response.isCreated = try reader.bool(field)
                case 4: response.isCanceled = try reader.bool(field)
                case 5: response.compactRevision = try reader.int64(field)
                case 6: response.cancelReason = try reader.string(field)
                case 7: response.isFragment = try reader.bool(field)
                case 11:
                    let event = try WatchEvent(try reader.message(field))
                    response.newestRevision = max(response.newestRevision, event.revision)
                    response.events.append(event)
                default: try reader.skip(field)
                }
            }
            return response
        }
    }
}

/// `mvccpb.Event`.
struct WatchEvent: Equatable {
    var key: [UInt8] = []
    /// `nil`: the key was deleted, or its lease ended.
    var value: [UInt8]?
    var revision: Int64 = 0

    init(key: [UInt8], value: [UInt8]?, revision: Int64) {
        self.key = key
        self.value = value
        self.revision = revision
    }

    init(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        var isDelete = false
        var content: [UInt8] = []
        while let field = try reader.nextField() {
            switch field.number {
            case 1: isDelete = try reader.varint(field) == 1
            case 2:
                var pair = try reader.message(field)
                while let field = try pair.nextField() {
                    switch field.number {
                    case 1: key = Array(pair.buffer[try pair.bytes(field)])
                    case 3: revision = try pair.int64(field)
                    case 5: content = Array(pair.buffer[try pair.bytes(field)])
                    default: try pair.skip(field)
                    }
                }
            default: try reader.skip(field)
            }
        }
        value = isDelete ? nil : content
    }
}
