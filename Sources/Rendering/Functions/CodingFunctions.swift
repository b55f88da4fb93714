import Digests
import JSON
import TextTemplate

/// `base64Encode`, `base64Decode` and their short names, and digests in hexadecimal digits.
enum CodingFunctions {
    static let table: [String: Function] = [
        "base64Encode": Function([.string], body: encode),
        "b64enc": Function([.string], body: encode),
        "base64Decode": Function([.string], body: decode),
        // Sprig's writes the error's text in place of the value; nobody wants that in a file.
        "b64dec": Function([.string], body: decode),
        "sha256sum": digest(SHA256.digest),
        "sha1sum": digest(SHA1.digest),
        "md5sum": digest(MD5.digest),
    ]

    private static func digest(_ digest: @escaping @Sendable (UnsafeRawBufferPointer) -> [UInt8]) -> Function {
        Function([.string]) { arguments in
            let bytes = arguments.string(0).withBytes { digest(UnsafeRawBufferPointer($0)) }
            return .string(ByteString(Digest.hexadecimal(bytes).utf8))
        }
    }

    @Sendable private static func encode(_ arguments: Arguments) throws(FunctionError) -> Value {
        let limit = arguments.longestText
        if arguments.string(0).count > limit / 4 * 3 { throw FunctionError(.tooLong(limit: limit)) }
        return .string(encodeBase64(arguments.string(0)))
    }

    static func encodeBase64(_ text: ByteString) -> ByteString {
        let count = Base64.encodedCount(text.count)
        return ByteString(capacity: count) { output in
            text.withBytes { Base64.encode($0, into: output) }
            return count
        }
    }

    @Sendable private static func decode(_ arguments: Arguments) throws(FunctionError) -> Value {
        do {
            return .string(try decodeBase64(arguments.string(0)))
        } catch {
            throw arguments.failure(.notBase64(error.offset), of: arguments.string(0))
        }
    }

    static func decodeBase64(_ text: ByteString) throws(Base64.Failure) -> ByteString {
        ByteString(try text.withBytes { (bytes) throws(Base64.Failure) in try Base64.decoded(bytes) })
    }
}
