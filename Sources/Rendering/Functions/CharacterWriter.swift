import TextTemplate

/// Writes characters in UTF-8, or only counts their bytes.
struct CharacterWriter {
    /// Where to write; nil to count.
    private let target: UnsafeMutablePointer<UInt8>?
    private(set) var count = 0

    fileprivate init(_ target: UnsafeMutablePointer<UInt8>? = nil) { self.target = target }

    /// Appends a character that UTF-8 can have.
    @inline(__always)
    mutating func append(_ scalar: UInt32) {
        let width = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x1_0000 ? 3 : 4
        if let target { Self.write(scalar, width, to: target + count) }
        count += width
    }

    @inline(__always)
    private static func write(_ scalar: UInt32, _ width: Int, to target: UnsafeMutablePointer<UInt8>) {
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | scalar >> shift & 0x3F) }
        switch width {
        case 1: target[0] = UInt8(scalar)
        case 2:
            target[0] = UInt8(0xC0 | scalar >> 6)
            target[1] = continuation(0)
        case 3:
            target[0] = UInt8(0xE0 | scalar >> 12)
            target[1] = continuation(6)
            target[2] = continuation(0)
        default:
            target[0] = UInt8(0xF0 | scalar >> 18)
            target[1] = continuation(12)
            target[2] = continuation(6)
            target[3] = continuation(0)
        }
    }
}

extension ByteString {
    /// The bytes that `write` writes. It is called twice, first to count: a text above the limit fails before memory is
    /// allocated for it.
    @inline(__always)
    static func measured(
        limit: Int, _ write: (inout CharacterWriter) -> Void
    ) throws(FunctionError) -> ByteString {
        var counter = CharacterWriter()
        write(&counter)
        if counter.count > limit { throw FunctionError(.tooLong(limit: limit)) }
        return ByteString(capacity: counter.count) { output in
            var writer = CharacterWriter(output.baseAddress)
            write(&writer)
            return writer.count
        }
    }
}
