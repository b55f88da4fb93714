import Testing

@testable import JSON

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\u{7ff}\u{7fe}", "37/fvg=="),
    ])
    func encodes(_ text: String, _ encoded: String) {
        #expect(Base64.encoded(Array(text.utf8)) == Array(encoded.utf8))
        #expect(Base64.encodedCount(text.utf8.count) == encoded.utf8.count)
    }

    @Test(arguments: [
        ("", [UInt8]()), ("Zg==", Array("f".utf8)), ("Zm8=", Array("fo".utf8)), ("Zm9v", Array("foo".utf8)),
        ("Zm9v\nYg==\r\n", Array("foob".utf8)), ("Z\ng=\n=", Array("f".utf8)), ("+/+/", [0xFB, 0xFF, 0xBF]),
        // Bits that are left over need not be zero.
        ("Zh==", Array("f".utf8)),
    ])
    func decodes(_ text: String, _ bytes: [UInt8]) throws {
        #expect(try decoded(text) == bytes)
    }

    /// Offsets as those of Go's `CorruptInputError`.
    @Test(arguments: [
        ("Z", 0), ("Zg", 0), ("Zg=", 3), ("Zg=a", 2), ("====", 0), ("Zg==Zg==", 4), ("Zm9v=", 4), ("Z g==", 1),
        ("Zm8=a", 4),
        ("Zm9vZ", 4), ("Z===", 1),
    ])
    func refuses(_ text: String, _ offset: Int) {
        #expect(throws: Base64.Failure(offset)) { try decoded(text) }
    }

    private func decoded(_ text: String) throws(Base64.Failure) -> [UInt8] {
        try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(Base64.Failure) in try Base64.decoded(bytes) }
    }
}
