/// A scalar that is not quoted, by the rules of go-yaml v2's `resolve` for YAML 1.1. A date is a string here.
package enum PlainScalar: Equatable {
    case null
    case boolean(Bool)
    /// In decimal.
    case integer([UInt8])
    case float(Double)
    case string([UInt8])

    /// The value that `text` stands for.
    package init(_ text: [UInt8]) {
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

    /// The value in the form that confd stores, nil for null.
    package var text: [UInt8]? {
        switch self {
        case .null: nil
        case .boolean(let value): Array("\(value)".utf8)
        case .integer(let text), .string(let text): text
        case .float(let value): GoFloat.text(value)
        }
    }

    private static let words: [[UInt8]: PlainScalar] = {
        var words: [[UInt8]: PlainScalar] = [:]
        func add(_ value: PlainScalar, _ texts: String) {
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
