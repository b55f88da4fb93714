/// Why a file cannot be decrypted, or an identity cannot be used. None holds a part of a secret.
package enum AgeError: Error, Equatable, Sendable {
    // The identity file

    /// No line is an identity.
    case noIdentity
    case tooManyIdentities(limit: Int)
    /// The line, counted from 1, is not of a known type.
    case unknownIdentity(line: Int)
    /// The line is a key of ssh, or one of a plugin.
    case unsupportedIdentity(line: Int, String)
    /// The file itself is encrypted.
    case encryptedIdentity

    // The encrypted file

    case notAge
    /// A message of OpenPGP, as confd up to 0.16 decrypted them.
    case openPGP
    /// A version of the format that is not v1.
    case unknownVersion
    /// What is wrong with the header or armor, and in which line, counted from 1.
    case malformed(String, line: Int)
    case headerTooLarge(limit: Int)
    /// For a passphrase, which there is nobody to type.
    case passphrase
    /// For other identities.
    case notForUs
    /// It was changed, or its end is missing.
    case corrupt
}

extension AgeError {
    package var message: String {
        switch self {
        case .noIdentity: "there is no identity in it"
        case .tooManyIdentities(let limit): "there are more than \(limit) identities in it"
        case .unknownIdentity(let line): "line \(line) is no identity of age"
        case .unsupportedIdentity(let line, let kind): "line \(line) is \(kind), which confd does not use"
        case .encryptedIdentity: "it is encrypted itself"
        case .notAge: "the value is not encrypted with age"
        case .openPGP: "the value is encrypted with OpenPGP"
        case .unknownVersion: "the value is of a later version of age"
        case .malformed(let what, let line): "the value is not a valid age file: line \(line): \(what)"
        case .headerTooLarge(let limit): "the value is not a valid age file: its header is larger than \(limit) bytes"
        case .passphrase: "the value is encrypted with a passphrase"
        case .notForUs: "the value is encrypted for other identities"
        case .corrupt: "the value was changed or cut off after it was encrypted"
        }
    }

    /// How to fix it, nil if there is no hint.
    package var hint: String? {
        switch self {
        case .noIdentity, .unknownIdentity, .unsupportedIdentity:
            "age-keygen -o FILE makes one: a line that begins with AGE-SECRET-KEY-1"
        case .encryptedIdentity: "age -d FILE decrypts it; confd cannot ask for the passphrase"
        case .notAge: "read it with getv, or encrypt it: age -a -r age1..."
        case .openPGP:
            "encrypt it anew: base64 -d VALUE | gpg -d | gunzip | age -a -r age1... (of what crypt set wrote)"
        case .passphrase, .notForUs: "encrypt it for the recipient that age-keygen -y prints for the identity file"
        case .tooManyIdentities, .unknownVersion, .malformed, .headerTooLarge, .corrupt: nil
        }
    }
}
