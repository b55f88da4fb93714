import Primitives
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
        if let target {
            var place = target + count
            UTF8Scanner.encode(scalar) { byte in
                place.pointee = byte
                place += 1
            }
        }
        count += width
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
