import JSON

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
        if scalar.tag.isEmpty { return scalar.isPlain ? Value(plain: scalar.text).text : scalar.text }
        guard scalar.tag.starts(with: tagPrefix) else { return scalar.text }
        let type = String(decoding: scalar.tag.dropFirst(tagPrefix.count), as: UTF8.self)
        switch (type, Value(plain: scalar.text)) {
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

    /// A plain scalar by the rules of go-yaml's `resolve`. A date is a string to confd.
    enum Value: Equatable {
        case null
        case boolean(Bool)
        /// In decimal.
        case integer([UInt8])
        case float(Double)
        case string([UInt8])

        init(plain text: [UInt8]) {
            guard let first = text.first else {
                self = .null
                return
            }
            // No word is longer than `false`.
            if text.count <= 5, let value = Self.words[text] {
                self = value
                return
            }
            switch first {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                let digits = text.filter { $0 != UInt8(ascii: "_") }
                if let integer = YAMLNumber.integer(digits) {
                    self = .integer(integer)
                } else if let float = YAMLNumber.float(digits[...]) {
                    self = .float(float)
                } else {
                    self = .string(text)
                }
            case UInt8(ascii: "."):
                self = YAMLNumber.floatWithUnderscores(text).map { .float($0) } ?? .string(text)
            default: self = .string(text)
            }
        }

        var text: [UInt8]? {
            switch self {
            case .null: nil
            case .boolean(let value): Array("\(value)".utf8)
            case .integer(let text), .string(let text): text
            case .float(let value): GoFloat.text(value)
            }
        }

        private static let words: [[UInt8]: Value] = {
            var words: [[UInt8]: Value] = [:]
            func add(_ value: Value, _ texts: String) {
                for text in texts.split(separator: " ") { words[Array(text.utf8)] = value }
            }
            add(.boolean(true), "y Y yes Yes YES true True TRUE on On ON")
            add(.boolean(false), "n N no No NO false False FALSE off Off OFF")
            add(.null, "~ null Null NULL")
            add(.float(.nan), ".nan .NaN .NAN")
            add(.float(.infinity), ".inf .Inf .INF +.inf +.Inf +.INF")
            add(.float(-.infinity), "-.inf -.Inf -.INF")
            return words
        }()
    }
}
