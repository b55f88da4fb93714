/// Reads the fields of one protobuf message inside a buffer. Positions are offsets into the whole buffer, so that what is found
/// can be kept as ranges of it. Nothing is read outside of the message, whatever the bytes say.
struct ProtobufReader {
    enum WireType: UInt8 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case groupStart = 3
        case groupEnd = 4
        case fixed32 = 5
    }

    struct Field {
        let number: Int
        let type: WireType
    }

    let buffer: UnsafeRawBufferPointer
    private(set) var position: Int
    private let end: Int

    /// Reads the message at `range` of `buffer`.
    init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= buffer.count, "range outside of the buffer")
        self.buffer = buffer
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field's number and type; `nil` at the end of the message. Its value has to be read or skipped next.
    @inline(__always)
    mutating func nextField() throws(ProtobufError) -> Field? {
        if position == end { return nil }
        let start = position
        let tag = try rawVarint()
        guard let type = WireType(rawValue: UInt8(tag & 7)) else { throw ProtobufError(.wireType, at: start) }
        // Field numbers have 29 bits.
        guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else { throw ProtobufError(.fieldNumber, at: start) }
        return Field(number: Int(tag >> 3), type: type)
    }

    mutating func varint(_ field: Field) throws(ProtobufError) -> UInt64 {
        try expect(.varint, field)
        return try rawVarint()
    }

    /// A negative number takes ten bytes on the wire, in two's complement.
    mutating func int64(_ field: Field) throws(ProtobufError) -> Int64 {
        Int64(bitPattern: try varint(field))
    }

    mutating func bool(_ field: Field) throws(ProtobufError) -> Bool { try varint(field) != 0 }

    /// Where the field's bytes are: a string, bytes or an embedded message.
    @inline(__always)
    mutating func bytes(_ field: Field) throws(ProtobufError) -> Range<Int> {
        try expect(.bytes, field)
        return try rawBytes()
    }

    /// A reader of the embedded message in the field.
    @inline(__always)
    mutating func message(_ field: Field) throws(ProtobufError) -> ProtobufReader {
        ProtobufReader(buffer, try bytes(field))
    }

    /// The field's bytes as text; invalid UTF-8 is repaired.
    mutating func string(_ field: Field) throws(ProtobufError) -> String {
        let range = try bytes(field)
        return String(decoding: buffer[range], as: UTF8.self)
    }

    /// Passes over a field that we do not know, as newer servers may send.
    @inline(__always)
    mutating func skip(_ field: Field) throws(ProtobufError) {
        if field.type == .varint { _ = try rawVarint() } else { try skipOther(field) }
    }

    private mutating func skipOther(_ field: Field) throws(ProtobufError) {
        switch field.type {
        case .varint: _ = try rawVarint()
        case .fixed64: try advance(8)
        case .bytes: _ = try rawBytes()
        case .fixed32: try advance(4)
        case .groupStart: try skipGroup(field.number)
        case .groupEnd: throw ProtobufError(.group, at: position)
        }
    }

    /// Groups nest without limit in the format; the numbers of the open ones are kept on the heap, not on the stack.
    private mutating func skipGroup(_ number: Int) throws(ProtobufError) {
        var open = [number]
        while let innermost = open.last {
            let start = position
            guard let field = try nextField() else { throw ProtobufError(.truncated, at: position) }
            switch field.type {
            case .groupStart: open.append(field.number)
            case .groupEnd:
                guard field.number == innermost else { throw ProtobufError(.group, at: start) }
                open.removeLast()
            case .varint, .fixed64, .bytes, .fixed32: try skip(field)
            }
        }
    }

    @inline(__always)
    private func expect(_ type: WireType, _ field: Field) throws(ProtobufError) {
        guard field.type == type else { throw ProtobufError(.unexpectedType(field: field.number), at: position) }
    }

    @inline(__always)
    private mutating func rawVarint() throws(ProtobufError) -> UInt64 {
        // Most are one byte long: tags, lengths of keys and short values.
        if position < end, buffer[position] < 0x80 {
            defer { position += 1 }
            return UInt64(buffer[position])
        }
        return try longVarint()
    }

    @inline(never)
    private mutating func longVarint() throws(ProtobufError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = buffer[position]
            position += 1
            // The tenth byte holds the last bit.
            if shift == 63 && byte > 1 { throw ProtobufError(.varint, at: start) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw ProtobufError(.truncated, at: position)
    }

    @inline(__always)
    private mutating func rawBytes() throws(ProtobufError) -> Range<Int> {
        let length = try rawVarint()
        guard length <= UInt64(end - position) else { throw ProtobufError(.truncated, at: position) }
        let start = position
        position += Int(length)
        return start..<position
    }

    private mutating func advance(_ count: Int) throws(ProtobufError) {
        guard count <= end - position else { throw ProtobufError(.truncated, at: position) }
        position += count
    }
}

/// Why bytes are not the protobuf message they should be.
struct ProtobufError: Error, Equatable {
    enum Kind: Equatable {
        /// The message ends inside a field.
        case truncated
        /// A number longer than 64 bits.
        case varint
        case wireType
        case fieldNumber
        /// A group ends that is not open.
        case group
        /// A field we know, but of another type.
        case unexpectedType(field: Int)
    }

    let kind: Kind
    /// The byte at which reading stopped.
    let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
}

/// Builds a protobuf message.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Writes nothing for a default value (0, false, empty), as proto3 does.
    mutating func write(_ number: Int, _ value: Int64) {
        if value == 0 { return }
        tag(number, .varint)
        varint(UInt64(bitPattern: value))
    }

    mutating func write(_ number: Int, _ value: Bool) { write(number, value ? 1 : 0) }

    mutating func write(_ number: Int, _ value: some Collection<UInt8>) {
        if !value.isEmpty { writeMessage(number, value) }
    }

    /// An embedded message counts as present even when it is empty.
    mutating func writeMessage(_ number: Int, _ value: some Collection<UInt8>) {
        tag(number, .bytes)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    private mutating func tag(_ number: Int, _ type: ProtobufReader.WireType) {
        varint(UInt64(number) << 3 | UInt64(type.rawValue))
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

extension ProtobufError {
    var text: String {
        let what =
            switch kind {
            case .truncated: "message cut short"
            case .varint: "number too long"
            case .wireType: "unknown wire type"
            case .fieldNumber: "field number out of range"
            case .group: "unbalanced group"
            case .unexpectedType(let field): "wrong type of field \(field)"
            }
        return "\(what) at byte \(offset)"
    }
}
