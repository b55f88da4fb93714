import JSON
import Testing

@testable import Age

/// Files of `age` 1.1.1, made once and kept here; `CommandLineTests` has the real program make others.
enum Vector {
    static let identity = "AGE-SECRET-KEY-15NG638KMTY5939LM7QHD7TGZSNQZFYTSH8LM0X97T9HDN97VMYNQZGMQ4J"
    static let other = "AGE-SECRET-KEY-1GJRH0CA5JACA0MG0Y7C4TWKN9Y9SG9T5M265P6PM2Y3PSD48879SG5WL73"
    /// `secret pass`, for `identity`.
    static let one = """
        -----BEGIN AGE ENCRYPTED FILE-----
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBoUDh2WEgxeDlqSkRKTzhS
        cStlbVU3RzRRVVpJQVVTNHpHL1Q0RkVPOFE4CkRJRExsV1M2Zll1SkRPRzVuZjYz
        RlgvOUZJV0FJU0FSeXIzS2laTSs3L3MKLS0tIG1vNUc4NGZDRkl5RkNwbkxNK2l5
        VUFueU5qT2pZTlAwVGhHZjdnWjZIcGsKdDSZIJlFuGm+Jus2ueiCaGHjU9vE8lNm
        1uLuMd1NEegTQuUgnLICIQ9XOA==
        -----END AGE ENCRYPTED FILE-----

        """
    /// `kept in memory only` and a line feed, for `other` and `identity`.
    static let two = """
        -----BEGIN AGE ENCRYPTED FILE-----
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBSU1cxZTZ3MmxRMEtFeEtx
        eFN1Ukk3VUR3VnIvQ0VmY1dKVC9JNGpJaVRrCmdOUG1ZeUdiZHhJbEFkRFZ4WTl2
        c0p5dGl1V2I4dzB3azhCRzRZVEl0VkEKLT4gWDI1NTE5IENpQVNaUWxhNE0rcnRn
        azhQS0h4YTdjQmRXQjNnamk4eWpZVDc1TXkvQ1EKb1BnQnArWFlJQUQ3OGREeTlo
        Vldnb0JvRitBaGkvNU1MWGc4SlB5a0dxRQotLS0gUDVLanRwaHo0SkNZRjdIRnU4
        MnM3T1VxNTYyeTU0Q1ZhdTBNeVdGRjdYNAoHgi4t+VzpR+Z81FqAMMxntp4w/G4G
        MdT12YnA/1iZbI9NyW8D/KqJJXpZKQZe28nu0bCI
        -----END AGE ENCRYPTED FILE-----
        """
    /// Nothing, for `identity`; binary.
    static let empty = """
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBjenVDL2JsaE1sZFdKanB0clE5MlVsVDVKbUZoa0U0cjRhbmltSVpKdlZnCndnVTNyeUdQ\
        cko3dFduTGdVdUExZDFDS0c4ZktUbFlHTyt1dEtwb25DOGMKLS0tIExFamxwMjk0NEVqekFnLzY3NjBuT0dOTnVrRGhXN3hhaWN2Tm9vNHd2SEkK\
        tVu7GsHWD0ivnW9d7/68nYvnNCAAb407jLPYUwmNHgs=
        """

    static func identities(_ texts: String...) throws -> [AgeIdentity] {
        try AgeIdentity.all(in: Array(texts.joined(separator: "\n").utf8))
    }

    static func binary(_ text: String) throws -> [UInt8] { try #require(Base64.canonical(Array(text.utf8))) }
}

@Suite struct AgeFileTests {
    private func decrypted(_ value: [UInt8], _ identities: [AgeIdentity]) throws -> String {
        String(decoding: try AgeFile.decrypted(value, for: identities), as: UTF8.self)
    }

    private func failure(_ value: String) -> AgeError? {
        do throws(AgeError) {
            _ = try AgeFile.decrypted(Array(value.utf8), for: [])
            return nil
        } catch {
            return error
        }
    }

    @Test func whatAgeMadeIsDecrypted() throws {
        let one = try Vector.identities(Vector.identity)
        #expect(try decrypted(Array(Vector.one.utf8), one) == "secret pass")
        #expect(try decrypted(try AgeArmor.decoded(Array(Vector.one.utf8)[...]), one) == "secret pass")
        #expect(try decrypted(try Vector.binary(Vector.empty), one) == "")
        #expect(try decrypted(Array(Vector.two.utf8), one) == "kept in memory only\n")
        #expect(try decrypted(Array(Vector.two.utf8), try Vector.identities(Vector.other)) == "kept in memory only\n")
    }

    /// A YAML file, or an editor, may have changed the ends of the lines.
    @Test func whiteSpaceAroundAnArmorDoesNotMatter() throws {
        let text = "\n  " + Vector.one.split(separator: "\n").joined(separator: "\r\n") + "\r\n\n"
        #expect(try decrypted(Array(text.utf8), try Vector.identities(Vector.identity)) == "secret pass")
    }

    @Test func onlyItsIdentitiesDecryptIt() throws {
        #expect(throws: AgeError.notForUs) {
            try AgeFile.decrypted(Array(Vector.one.utf8), for: try Vector.identities(Vector.other))
        }
        let both = try Vector.identities("# two", Vector.other, "", Vector.identity)
        #expect(try decrypted(Array(Vector.one.utf8), both) == "secret pass")
    }

    /// With any byte changed, or cut off anywhere, a file is refused: no wrong text, and no part of the right one.
    @Test func nothingChangedIsDecrypted() throws {
        let file = try AgeArmor.decoded(Array(Vector.one.utf8)[...])
        let identities = try Vector.identities(Vector.identity)
        for index in file.indices {
            for bit: UInt8 in [1, 128] {
                var changed = file
                changed[index] ^= bit
                #expect(throws: AgeError.self, "byte \(index)") { try AgeFile.decrypted(changed, for: identities) }
            }
            #expect(throws: AgeError.self, "\(index) bytes") {
                try AgeFile.decrypted(Array(file.prefix(index)), for: identities)
            }
        }
        #expect(throws: AgeError.corrupt) { try AgeFile.decrypted(file + [0], for: identities) }
    }

    private static let code = String(repeating: "A", count: 43)

    @Test(arguments: [
        ("plain text", AgeError.notAge), ("", .notAge),
        // Base64 of bytes that begin as a message of OpenPGP, and go on otherwise.
        ("hello", .notAge), ("hostname", .notAge), ("hellohellohello", .notAge), ("wxyzwxyzwxyz", .notAge),
        ("age-encryption.org/v2\n", .unknownVersion),
        ("-----BEGIN PGP MESSAGE-----\n\nhQEM", .openPGP),
        // What `crypt set` writes: base64 of a key that is encrypted for a recipient.
        ("wcBMA5iwX3qUS3sCAQgAf2Nh", .openPGP), ("hQEMA5iwX3qUS3sCAQgAf2Nh", .openPGP),
        ("age-encryption.org/v1\n-> scrypt c2FsdHNhbHRzYWx0c2FsdA 18\n\(code)\n--- \(code)\n", .passphrase),
        ("age-encryption.org/v1\n--- \(code)\n", .malformed("there is no recipient", line: 2)),
        ("age-encryption.org/v1\n-> X25519 \(code)\n\(code)\n--- x\n", .malformed("no code of the header", line: 4)),
        ("age-encryption.org/v1\n-> X25519 \(code)\n\(code)\n", .malformed("the header has no end", line: 4)),
        ("age-encryption.org/v1\n->X25519\n", .malformed("no recipient", line: 2)),
        ("age-encryption.org/v1\n-> a  b\n", .malformed("no recipient", line: 2)),
        ("age-encryption.org/v1\n-> a\n\(code)=\n", .malformed("not base64", line: 3)),
        ("age-encryption.org/v1\n-> a\nAB\n", .malformed("not base64", line: 3)),
        ("age-encryption.org/v1\n-> ssh-ed25519 a b\n\(code)\n--- \(code)\n", .notForUs),
        ("age-encryption.org/v1\n-> X25519 a\n\(code)\n--- \(code)\n", .malformed("not of the type X25519", line: 2)),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", .malformed("no last line of an armor", line: 2)),
        (
            "-----BEGIN AGE ENCRYPTED FILE-----\nYW\nYWdl\n-----END AGE ENCRYPTED FILE-----",
            .malformed("not a line of base64", line: 2)
        ),
        (
            "-----BEGIN AGE ENCRYPTED FILE-----\nY!==\n-----END AGE ENCRYPTED FILE-----",
            .malformed("not base64", line: 2)
        ),
    ])
    func whatIsWrongIsNamed(_ value: String, _ error: AgeError) {
        #expect(failure(value) == error)
    }

    /// Each recipient costs a key exchange, and their number is in the hands of the author of the value.
    @Test func headersAreBounded() {
        let stanza = "-> X25519 \(Self.code)\n\(Self.code)\n"
        let header = "age-encryption.org/v1\n" + String(repeating: stanza, count: 400) + "--- \(Self.code)\n"
        #expect(failure(header) == .headerTooLarge(limit: 32 << 10))
    }

    @Test(arguments: [
        ("", AgeError.noIdentity), ("# only a comment\n\n", .noIdentity),
        ("# one\nAGE-SECRET-KEY-1QQQ\n", .unknownIdentity(line: 2)),
        // A letter is wrong.
        ("AGE-SECRET-KEY-15NG638KMTY5939LM7QHD7TGZSNQZFYTSH8LM0X97T9HDN97VMYNQZGMQ4Q", .unknownIdentity(line: 1)),
        ("AGE-PLUGIN-YUBIKEY-1QQ", .unsupportedIdentity(line: 1, "an identity of a plugin")),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", .unsupportedIdentity(line: 1, "a key of ssh")),
        (
            "age1hq3mm0nkuk0208nstdm569vpesh5pa0ralege99magvecx956gaseez3lq",
            .unsupportedIdentity(line: 1, "a recipient, not an identity")
        ),
        ("age-encryption.org/v1\n-> scrypt", .encryptedIdentity),
        ("-----BEGIN AGE ENCRYPTED FILE-----", .encryptedIdentity),
        (String(repeating: Vector.identity + "\n", count: 33), .tooManyIdentities(limit: 32)),
    ])
    func identitiesThatCannotBeUsed(_ file: String, _ error: AgeError) {
        #expect(throws: error) { try AgeIdentity.all(in: Array(file.utf8)) }
    }

    @Test func identitiesInLowerCaseAreIdentities() throws {
        #expect(try Vector.identities(Vector.identity.lowercased()).count == 1)
    }

    /// No error shows the content that it is about.
    @Test func errorsHoldNoSecret() {
        for file in ["AGE-SECRET-KEY-1SECRET", "AGE-PLUGIN-SECRET", "ssh-SECRET"] {
            do throws(AgeError) { _ = try AgeIdentity.all(in: Array(file.utf8)) } catch {
                #expect(!(error.message + (error.hint ?? "")).contains("SECRET-KEY-1SECRET"))
                #expect(!error.message.contains("SECRET"))
            }
        }
    }
}
