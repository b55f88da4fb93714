@testable import Age
@testable import JSON

/// The header of an age file and its armor are parsed, or refused with a named error; a parsed header is the same when it is
/// written again.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        do throws(AgeError) {
            let header = try AgeHeader(parsing: bytes[...])
            check(header.count <= AgeHeader.largest, "the header is bounded")
            check(header.coveredCount < header.count && header.count <= bytes.count, "it lies in the file")
            check(written(header) == Array(bytes.prefix(header.count)), "written again, it is the same")
        } catch {
            check(error.message.utf8.count < 200, "the message is short")
        }
        do throws(AgeError) {
            let file = try AgeArmor.decoded(bytes[...])
            check(file.count < bytes.count, "what an armor holds is shorter")
        } catch {
            check(error.message.utf8.count < 200, "the message is short")
        }
        _ = Bech32.decoded(bytes, prefix: "age-secret-key-")
        _ = OpenPGP.isMessage(bytes)
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        let bytes = Array(input)
        do throws(AgeError) { _ = try AgeHeader(parsing: bytes[...]) } catch { _ = error.message }
        do throws(AgeError) { _ = try AgeArmor.decoded(bytes[...]) } catch { _ = error.message }
        _ = Bech32.decoded(bytes, prefix: "age-secret-key-")
    }

    private static func written(_ header: AgeHeader) -> [UInt8] {
        var text = AgeHeader.version + [10]
        for stanza in header.stanzas {
            text += Array("-> ".utf8) + Array(([stanza.type] + stanza.arguments).joined(separator: [32])) + [10]
            let body = unpadded(stanza.body)
            // The last line is shorter than the others, and empty if it has to be.
            for start in stride(from: 0, through: body.count, by: 64) { text += body[start...].prefix(64) + [10] }
        }
        return text + Array("--- ".utf8) + unpadded(header.code) + [10]
    }

    private static func unpadded(_ bytes: [UInt8]) -> [UInt8] {
        Base64.encoded(bytes).filter { $0 != UInt8(ascii: "=") }
    }

    static let pumps = [
        Pump("stanzas", "age-encryption.org/v1\n") { _ in "-> X25519 AAAA\nAAAA\n" },
        Pump("a long line", "age-encryption.org/v1\n-> a ") { _ in "b" },
        Pump("an armor", "-----BEGIN AGE ENCRYPTED FILE-----\n", suffix: "-----END AGE ENCRYPTED FILE-----\n") { _ in
            String(repeating: "A", count: 64) + "\n"
        },
        Pump("an identity", "AGE-SECRET-KEY-1") { _ in "Q" },
    ]
}
