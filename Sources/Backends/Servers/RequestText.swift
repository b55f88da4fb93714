import HTTP
import JSON
import Primitives

/// `path` as it stands in a URL, slashes included.
func percentEncoded(_ path: ArraySlice<UInt8>) -> String { PercentEncoding.encoded(path, keepsSlashes: true) }

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
