/// A snapshot as a file: a header, an entry for each key in order, and a checksum. Numbers are 64-bit little-endian words;
/// bytes are padded with zeros to whole words.
package enum SnapshotFile {
    /// Why bytes are no snapshot.
    package enum Problem: Error, Equatable {
        /// They do not begin as such a file does.
        case foreign
        /// Another version has written it.
        case otherVersion(UInt64)
        /// It was cut off, or changed.
        case damaged
    }

    /// `confd kv`, read as a word.
    private static let magic: UInt64 = 0x766B_2064_666E_6F63
    private static let version: UInt64 = 1
    private static let pieceSize = 1 << 20
    private static let wordSize = 8

    /// Passes the bytes of `snapshot` to `write`, in order and in pieces of about a megabyte. `identity` names the backend and
    /// the ranges that the keys are of; `decode` returns it.
    package static func encode<Failure: Error>(
        _ snapshot: Snapshot, identity: [UInt8], write: ([UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        var checksum = Checksum()
        var piece: [UInt8] = []
        piece.reserveCapacity(pieceSize + pieceSize / 4)
        for word in [magic, version, UInt64(identity.count)] { piece.append(word: word) }
        identity.withUnsafeBufferPointer { piece.append(filled: $0) }
        for number in [snapshot.revision, snapshot.newestChange, Int64(snapshot.count)] {
            piece.append(word: UInt64(bitPattern: number))
        }
        for index in 0..<snapshot.count {
            let (key, value) = snapshot.entryBytes(index)
            piece.append(word: UInt64(key.count) | UInt64(value.count) << 32)
            piece.append(word: UInt64(bitPattern: snapshot.modified(at: index)))
            piece.append(filled: key)
            piece.append(filled: value)
            guard piece.count >= pieceSize else { continue }
            checksum.add(piece[...])
            try write(piece)
            piece.removeAll(keepingCapacity: true)
        }
        checksum.add(piece[...])
        piece.append(word: checksum.value)
        try write(piece)
    }

    /// A file with `content` after magic and version, and a valid checksum: lets tests reach the checks that come after the
    /// checksum's.
    static func sealed(_ content: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for word in [magic, version] { bytes.append(word: word) }
        content.withUnsafeBufferPointer { bytes.append(filled: $0) }
        var checksum = Checksum()
        checksum.add(bytes[...])
        bytes.append(word: checksum.value)
        return bytes
    }

    /// The snapshot in `bytes`, and its identity. Keys and values stay where they are in `bytes`.
    package static func decode(_ bytes: [UInt8]) throws(Problem) -> (snapshot: Snapshot, identity: [UInt8]) {
        var reader = try Reader(bytes)
        let identity = try reader.bytes(try reader.count())
        let revision = Int64(bitPattern: try reader.word())
        let newestChange = Int64(bitPattern: try reader.word())
        let count = try reader.count()
        let builder = Snapshot.Builder()
        let chunk = builder.adopt(chunk: bytes)
        for _ in 0..<count {
            let sizes = try reader.word()
            let modified = Int64(bitPattern: try reader.word())
            let key = try reader.bytes(Int(UInt32(truncatingIfNeeded: sizes)))
            let value = try reader.bytes(Int(sizes >> 32))
            builder.append(chunk: chunk, keyRange: key, valueRange: value, modified: modified)
        }
        guard reader.isAtEnd else { throw .damaged }
        return (builder.finish(revision: revision, newestChange: newestChange), Array(bytes[identity]))
    }

    /// Reads words and bytes of a file whose checksum is right.
    private struct Reader {
        private let source: [UInt8]
        /// The offset of the next word.
        private var position = 0
        /// Where the checksum begins.
        private let end: Int

        init(_ bytes: [UInt8]) throws(Problem) {
            source = bytes
            end = bytes.count - wordSize
            guard bytes.count >= 3 * wordSize, try word() == magic else { throw .foreign }
            let version = try word()
            guard version == SnapshotFile.version else { throw .otherVersion(version) }
            guard bytes.count % wordSize == 0 else { throw .damaged }
            var checksum = Checksum()
            checksum.add(bytes[..<end])
            guard checksum.value == Self.word(bytes, at: end) else { throw .damaged }
        }

        var isAtEnd: Bool { position == end }

        mutating func word() throws(Problem) -> UInt64 {
            guard end - position >= wordSize else { throw .damaged }
            defer { position += wordSize }
            return Self.word(source, at: position)
        }

        /// A count of elements of a byte or more: at most the size of the file.
        mutating func count() throws(Problem) -> Int {
            guard let count = Int(exactly: try word()), count <= end else { throw .damaged }
            return count
        }

        /// The place of `count` bytes.
        mutating func bytes(_ count: Int) throws(Problem) -> Range<Int> {
            let whole = (count + wordSize - 1) / wordSize * wordSize
            guard end - position >= whole else { throw .damaged }
            defer { position += whole }
            return position..<position + count
        }

        private static func word(_ bytes: [UInt8], at position: Int) -> UInt64 {
            bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self)) }
        }
    }

    /// Over whole words. Detects a truncated or damaged file; it is no protection against a forged one.
    private struct Checksum {
        private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            var value = value
            bytes.withUnsafeBytes { words in
                for offset in stride(from: 0, to: words.count, by: wordSize) {
                    let next = UInt64(littleEndian: words.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    value = (value ^ next) &* 0x9E37_79B9_7F4A_7C15
                    value ^= value >> 29
                }
            }
            self.value = value
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(word: UInt64) {
        Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0) }
    }

    /// Adds `bytes`, and zeros up to the next word.
    fileprivate mutating func append(filled bytes: UnsafeBufferPointer<UInt8>) {
        append(contentsOf: bytes)
        for _ in 0..<(8 - bytes.count % 8) % 8 { append(0) }
    }
}
