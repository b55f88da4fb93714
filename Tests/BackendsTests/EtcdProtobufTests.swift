import TestSupport
import Testing

@testable import Backends

/// A row of a table test with a name to show.
struct ProtobufRow: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let error: ProtobufError.Kind?
    var testDescription: String { name }

    init(_ name: String, _ bytes: [UInt8], _ error: ProtobufError.Kind? = nil) {
        self.name = name
        self.bytes = bytes
        self.error = error
    }
}

@Suite struct EtcdProtobufTests {
    /// `Header { revision 300 }`, two pairs, `more`, and a count.
    static let response: [UInt8] =
        [0x0a, 3, 0x18, 0xac, 0x02]
        + [0x12, 8, 0x0a, 2, 0x2f, 0x61, 0x2a, 2, 0x31, 0x32]
        + [0x12, 4, 0x0a, 2, 0x2f, 0x62]
        + [0x18, 1, 0x20, 5]

    private func decode(_ bytes: [UInt8]) throws -> (response: RangeResponse, pairs: [String: String]) {
        var pairs: [String: String] = [:]
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        let response = try bytes.withUnsafeBytes { buffer in
            try RangeResponse.forEachKey(buffer, 0..<buffer.count) { key, value, _ in pairs[text(key)] = text(value) }
            return try RangeResponse(buffer, 0..<buffer.count)
        }
        return (response, pairs)
    }

    private func error(_ bytes: [UInt8]) -> ProtobufError.Kind? {
        do {
            _ = try decode(bytes)
            return nil
        } catch {
            return (error as? ProtobufError)?.kind
        }
    }

    @Test func decodesARangeResponse() throws {
        let (response, pairs) = try decode(Self.response)
        #expect(response.header.revision == 300)
        #expect(response.more)
        #expect(response.lastKey.map { Array(Self.response[$0]) } == Array("/b".utf8))
        #expect(pairs == ["/a": "12", "/b": ""])
    }

    /// A cut is either noticed or falls between two fields; nothing is ever read beyond it.
    @Test func noticesEveryCut() {
        let borders: Set<Int> = [0, 5, 15, 21, 23, 25]
        for length in 0..<Self.response.count {
            let kind = error(Array(Self.response[..<length]))
            #expect(kind == (borders.contains(length) ? nil : .truncated), "cut at \(length)")
        }
    }

    @Test(arguments: [
        ProtobufRow("unknown varint", [0x78, 0x96, 0x01]),
        ProtobufRow("unknown fixed64", [0x79, 1, 2, 3, 4, 5, 6, 7, 8]),
        ProtobufRow("unknown bytes", [0x7a, 3, 1, 2, 3]),
        ProtobufRow("unknown group", [0x7b, 0x08, 1, 0x7c]),
        ProtobufRow("unknown group in a group", [0x7b, 0x83, 0x01, 0x84, 0x01, 0x7c]),
        ProtobufRow("unknown fixed32", [0x7d, 1, 2, 3, 4]),
        ProtobufRow("largest field number", [0xf8, 0xff, 0xff, 0xff, 0x0f, 0]),
        ProtobufRow("varint with all 64 bits", [0x78] + [UInt8](repeating: 0xff, count: 9) + [0x01]),
        ProtobufRow("varint in more bytes than needed", [0x78, 0x80, 0x80, 0x00]),
        ProtobufRow("varint of 65 bits", [0x78] + [UInt8](repeating: 0xff, count: 9) + [0x02], .varint),
        ProtobufRow("varint of 11 bytes", [0x78] + [UInt8](repeating: 0x80, count: 10) + [0x00], .varint),
        ProtobufRow("field number 0", [0x00, 0], .fieldNumber),
        ProtobufRow("field number of 30 bits", [0x80, 0x80, 0x80, 0x80, 0x10, 0], .fieldNumber),
        ProtobufRow("wire type 6", [0x7e], .wireType),
        ProtobufRow("wire type 7", [0x7f], .wireType),
        ProtobufRow("length beyond the end", [0x7a, 4, 1, 2, 3], .truncated),
        ProtobufRow(
            "length of 2^63", [0x7a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .truncated),
        ProtobufRow("fixed64 cut short", [0x79, 1, 2, 3, 4, 5, 6, 7], .truncated),
        ProtobufRow("fixed32 cut short", [0x7d, 1, 2, 3], .truncated),
        ProtobufRow("group without end", [0x7b, 0x08, 1], .truncated),
        ProtobufRow("end of a group that is not open", [0x7c], .group),
        ProtobufRow("end of another group", [0x7b, 0x84, 0x01], .group),
        ProtobufRow("100,000 groups", [UInt8](repeating: 0x7b, count: 100_000), .truncated),
        ProtobufRow("header that is a number", [0x08, 1], .unexpectedType(field: 1)),
        ProtobufRow("pair that is a number", [0x10, 1], .unexpectedType(field: 2)),
        ProtobufRow("more that is bytes", [0x1a, 0], .unexpectedType(field: 3)),
        ProtobufRow("key that is a number", [0x12, 2, 0x08, 1], .unexpectedType(field: 1)),
        ProtobufRow("pair longer than its message", [0x12, 2, 0x0a, 1, 0x61], .truncated),
    ])
    func judges(_ row: ProtobufRow) throws {
        #expect(error(row.bytes) == row.error)
        // What is passed over must not hide what follows.
        if row.error == nil { #expect(try decode(row.bytes + Self.response).response.header.revision == 300) }
    }

    @Test func survivesRandomBytes() {
        var generator = SeededGenerator(seed: 101)
        for _ in 0..<20_000 {
            var bytes = Self.response
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = error(bytes)
        }
    }

    @Test func encodesARangeRequest() {
        let request = RangeRequest(key: [0x2f, 0x61], rangeEnd: [0x30], limit: 300, revision: 7)
        #expect(request.encoded == [0x0a, 2, 0x2f, 0x61, 0x12, 1, 0x30, 0x18, 0xac, 0x02, 0x20, 7])
        #expect(RangeRequest(key: [0x61], rangeEnd: []).encoded == [0x0a, 1, 0x61])
        #expect(
            RangeRequest(key: [], rangeEnd: [], limit: -1).encoded == [0x18] + [UInt8](repeating: 0xff, count: 9) + [1])
    }

    @Test func writesWhatItReads() throws {
        for value in [Int64.min, -1, 1, 127, 128, 16_383, 16_384, .max] {
            var writer = ProtobufWriter()
            writer.write(16, value)
            try writer.bytes.withUnsafeBytes { buffer in
                var reader = ProtobufReader(buffer, 0..<buffer.count)
                let field = try #require(try reader.nextField())
                #expect(field.number == 16)
                #expect(try reader.int64(field) == value)
                #expect(try reader.nextField() == nil)
            }
        }
    }
}

extension ProtobufReader.Field: Equatable {
    public static func == (left: Self, right: Self) -> Bool { left.number == right.number && left.type == right.type }
}
