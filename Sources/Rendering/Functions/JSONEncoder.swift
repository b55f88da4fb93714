import JSON
import TextTemplate

/// Writes values as Go's `json.Marshal` does.
struct JSONEncoder: ~Copyable {
    private var writer: JSONWriter
    /// The bytes of the longest text.
    private let limit: Int

    /// The JSON of `value`, in lines if there is an `indent`; above `limit` bytes it is an error.
    static func encode(_ value: Value, indent: [UInt8]? = nil, limit: Int) throws(JSONEncodingError) -> [UInt8] {
        var encoder = JSONEncoder(writer: JSONWriter(indent: indent, limit: limit), limit: limit)
        try encoder.append(value)
        return encoder.writer.bytes
    }

    private init(writer: consuming JSONWriter, limit: Int) {
        self.writer = writer
        self.limit = limit
    }

    private mutating func append(_ value: Value) throws(JSONEncodingError) {
        switch value {
        case .invalid, .nilInterface: writer.appendNull()
        case .bool(let flag): writer.appendBool(flag)
        case .int(let number): writer.appendInt(number)
        case .integer(let integer): writer.appendInt(integer.value)
        case .float(let number): try append(number)
        case .complex: throw .unsupportedType("complex128")
        case .string(let text):
            if text.count > limit - writer.bytes.count { throw .tooLong(limit: limit) }
            text.withBytes { writer.appendString($0) }
        case .slice(let list): try append(list)
        case .map(let map): try append(map)
        case .pair, .object: if let object = value.asObject { try append(object) }
        }
        // One value may occur many times in another, and indents add up: the output may be far larger than the data.
        if writer.bytes.count > limit { throw .tooLong(limit: limit) }
    }

    private mutating func append(_ number: Double) throws(JSONEncodingError) {
        do {
            try writer.appendNumber(number)
        } catch {
            throw .notFinite(error)
        }
    }

    private mutating func append(_ list: Slice) throws(JSONEncodingError) {
        if list.isNil { return writer.appendNull() }
        if list.element == .byte {
            let bytes = list.array.map { value in
                if case .integer(let integer) = value { UInt8(truncatingIfNeeded: integer.value) } else { UInt8(0) }
            }
            return CodingFunctions.encodeBase64(ByteString(bytes)).withBytes { writer.appendString($0) }
        }
        writer.beginArray()
        for index in 0..<list.count { try append(list[index]) }
        writer.endArray()
    }

    private mutating func append(_ map: Map) throws(JSONEncodingError) {
        if map.isNil { return writer.appendNull() }
        writer.beginObject()
        for index in 0..<map.count {
            let (key, value) = map[index]
            key.withBytes { writer.key($0) }
            try append(value)
        }
        writer.endObject()
    }

    private mutating func append(_ object: any Object) throws(JSONEncodingError) {
        if let time = object as? Time { return try append(time) }
        writer.beginObject()
        for field in object.fields where field.name.utf8.first.map({ $0 >= 0x41 && $0 <= 0x5A }) ?? false {
            ByteString(field.name).withBytes { writer.key($0) }
            try append(field.value)
        }
        writer.endObject()
    }

    private mutating func append(_ time: Time) throws(JSONEncodingError) {
        do {
            let quoted = try time.json()
            quoted.withUnsafeBufferPointer {
                writer.appendString(UnsafeBufferPointer(rebasing: $0.dropFirst().dropLast()))
            }
        } catch {
            throw .method("MarshalJSON", type: time.typeName, error.message)
        }
    }
}
