import HTTP
import JSON

/// `path` as it stands in a URL (RFC 3986), slashes included.
func percentEncoded(_ path: ArraySlice<UInt8>) -> String {
    path.reduce(into: "") { text, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "/"):
            text.unicodeScalars.append(UnicodeScalar(byte))
        default:
            text += byte < 16 ? "%0" : "%"
            text += String(byte, radix: 16, uppercase: true)
        }
    }
}

extension JSONWriter {
    /// A member of an object whose value is text.
    mutating func member(_ name: String, _ text: [UInt8]) {
        beginMember(name)
        text.withUnsafeBufferPointer { appendString($0) }
    }

    /// The name of a member of an object; its value comes next.
    mutating func beginMember(_ name: String) { Array(name.utf8).withUnsafeBufferPointer { key($0) } }
}

extension Header {
    /// A user and password in every request.
    static func basicAuthorization(_ username: String, _ password: [UInt8]) -> Header {
        let encoded = Base64.encoded(Array(username.utf8) + [UInt8(ascii: ":")] + password)
        return Header("authorization", "Basic " + String(decoding: encoded, as: UTF8.self))
    }
}
