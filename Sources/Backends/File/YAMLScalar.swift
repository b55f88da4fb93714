import JSON
import YAML

/// The type and text of scalars, as go-yaml v2 resolves them by YAML 1.1 and confd prints them.
enum YAMLScalar {
    enum Failure: Error, Equatable {
        case mismatch(tag: String)
        case invalidBase64
    }

    private static let tagPrefix = Array("tag:yaml.org,2002:".utf8)

    /// Whether `scalar`, as a key, is the merge key `<<`.
    static func isMergeKey(_ scalar: YAMLDocument.Scalar) -> Bool {
        scalar.text.count == 2 && scalar.text.elementsEqual("<<".utf8)
            && (scalar.isPlain || scalar.tag.elementsEqual("tag:yaml.org,2002:merge".utf8))
    }

    static func isBinary(_ scalar: YAMLDocument.Scalar) -> Bool {
        !scalar.tag.isEmpty && scalar.tag.elementsEqual("tag:yaml.org,2002:binary".utf8)
    }

    /// What confd stores for `scalar`; nil for null, which it drops. Integers beyond 64 bits with sign are kept,
    /// where confd drops them.
    static func resolved(_ scalar: YAMLDocument.Scalar) throws(Failure) -> [UInt8]? {
        if scalar.tag.isEmpty { return scalar.isPlain ? PlainScalar(scalar.text).text : scalar.text }
        guard scalar.tag.starts(with: tagPrefix) else { return scalar.text }
        let type = String(decoding: scalar.tag.dropFirst(tagPrefix.count), as: UTF8.self)
        switch (type, PlainScalar(scalar.text)) {
        case ("binary", _):
            do throws(Base64.Failure) {
                return try scalar.text.withUnsafeBufferPointer { (text) throws(Base64.Failure) in
                    try Base64.decoded(text)
                }
            } catch {
                throw .invalidBase64
            }
        case ("bool", .boolean(let value)): return Array("\(value)".utf8)
        case ("int", .integer(let text)): return text
        case ("float", .float(let value)): return GoFloat.text(value)
        case ("float", .integer(let text)):
            // Every integer is also a float.
            guard let value = Double(String(decoding: text, as: UTF8.self)) else { throw .mismatch(tag: "!!float") }
            return GoFloat.text(value)
        case ("null", .null): return nil
        case ("bool", _), ("int", _), ("float", _), ("null", _): throw .mismatch(tag: "!!" + type)
        default: return scalar.text
        }
    }
}
