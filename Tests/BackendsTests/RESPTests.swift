import Testing

@testable import Backends

/// The protocol of redis, as bytes.
@Suite struct RESPTests {
    /// The parts of `text` in pieces of `size` bytes, and the error that ends them.
    private func parts(_ text: String, size: Int, limit: Int = 100) -> ([RESPToken], RESPError?) {
        var decoder = RESPDecoder(limit: limit)
        var parts: [RESPToken] = []
        var rest = Array(text.utf8)[...]
        do throws(RESPError) {
            while true {
                while let part = try decoder.next() { parts.append(part) }
                if rest.isEmpty { return (parts, nil) }
                decoder.bytes += rest.prefix(size)
                rest = rest.dropFirst(size)
            }
        } catch {
            return (parts, error)
        }
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(
        "parts, in pieces of every size",
        arguments: [
            ("+OK\r\n", [.text(bytes("OK"))]),
            ("-ERR no\r\n:12\r\n:-3\r\n", [.error(bytes("ERR no")), .integer(12), .integer(-3)]),
            ("$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n", [.bulk(bytes("a\r\n")), .bulk([]), .null]),
            ("*2\r\n$1\r\nx\r\n*-1\r\n*0\r\n", [.array(2), .bulk(bytes("x")), .null, .array(0)]),
            ("+\r\n", [.text([])]),
        ] as [(String, [RESPToken])])
    func takesPartsApart(_ text: String, _ expected: [RESPToken]) {
        for size in 1...text.utf8.count {
            let (parts, error) = parts(text, size: size)
            #expect(parts == expected && error == nil, "in pieces of \(size)")
        }
    }

    @Test(
        "what is no reply",
        arguments: [
            ("HTTP/1.1 400 Bad Request\r\n", .unknownType(UInt8(ascii: "H"))), ("\r\n", .unknownType(13)),
            ("$x\r\n", .notANumber), ("$-2\r\n", .notANumber), ("$\r\n", .notANumber), (":1.5\r\n", .notANumber),
            ("*-2\r\n", .notANumber), ("*99999999999999999999\r\n", .notANumber), ("$1\r\nxyz", .noLineEnd),
            ("+a\rb\r\n", .noLineEnd), ("$101\r\n", .tooLarge(101)), ("*16777217\r\n", .tooLarge(16_777_217)),
            ("$9223372036854775807\r\n", .tooLarge(.max)),
        ] as [(String, RESPError)])
    func refuses(_ text: String, _ expected: RESPError) {
        for size in [1, 3, text.utf8.count] { #expect(parts(text, size: size).1 == expected) }
    }

    @Test func aLineHasAnEnd() {
        #expect(parts("+" + String(repeating: "x", count: 70_000), size: 4_096).1 == .lineTooLong)
    }

    @Test func longStringsComeInPieces() {
        let value = String(repeating: "0123456789", count: 100_000)
        let (parts, error) = parts("*2\r\n$1000000\r\n\(value)\r\n$1\r\na\r\n", size: 65_536, limit: 1_000_000)
        #expect(parts == [.array(2), .bulk(Array(value.utf8)), .bulk([97])] && error == nil)
    }

    @Test func commandsAreArraysOfStrings() {
        var encoder = RESPEncoder()
        encoder.add([Self.bytes("GET"), Self.bytes("a\r\n")])
        encoder.add([Self.bytes("EXEC")])
        let expected = "*2\r\n$3\r\nGET\r\n$3\r\na\r\n\r\n*1\r\n$4\r\nEXEC\r\n"
        #expect(encoder.bytes == Self.bytes(expected) && encoder.count == 2)
    }
}
