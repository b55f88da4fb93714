import Testing

@testable import Digests

@Suite struct DigestsTests {
    /// RFC 1321, A.5, and the lengths around a block.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        (
            "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
            "57edf4a22be3c955ac49da2e2107b67a"
        ),
        (String(repeating: "a", count: 55), "ef1772b6dff9a122358552954ad0df65"),
        (String(repeating: "a", count: 56), "3b0c8ac703f828b04c6c197006d17218"),
        (String(repeating: "a", count: 64), "014842d480b571495a4a0363793f7367"),
    ])
    func computesMD5(text: String, digest: String) {
        #expect(MD5.hex(Array(text.utf8)) == digest)
        // No contiguous storage.
        #expect(MD5.hex(text.utf8.reversed().reversed()) == digest)
    }

    /// In parts of any size, with the digest taken in between.
    @Test func takesBytesInParts() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        for size in [1, 7, 63, 64, 65, 999] {
            var md5 = MD5()
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(md5.hex == MD5.hex(bytes[..<start]))
                bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { md5.update($0) }
            }
            #expect(md5.hex == "cbecbdb0fdd5cec1e242493b6008cc79")
        }
    }

    /// FIPS 180-4's examples.
    @Test(arguments: [
        (
            "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        ),
        (
            "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
    ])
    func computesSHA(text: String, sha1: String, sha256: String) {
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBytes { Digest.hexadecimal(SHA1.digest(of: $0)) } == sha1)
        #expect(Digest.hexadecimal(SHA256.digest(of: bytes)) == sha256)
    }
}
