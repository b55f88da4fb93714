/// Why JSON could not be decoded or encoded, with the words of Go 1.27's `encoding/json`.
package struct JSONError: Error, Equatable, Sendable {
    package let kind: Kind
    /// The byte at which decoding stopped, from 0.
    package let offset: Int

    package init(kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    package enum Kind: Equatable, Sendable {
        case unexpectedEnd
        /// The bytes of a character, or a single byte that is not UTF-8, that must not stand here.
        case invalidCharacter([UInt8], Place)
        case invalidEscape([UInt8])
        /// Arrays and objects nest deeper than 10,000 levels.
        case tooDeep
        /// More than 4 GiB of text, which Go would take.
        case tooLong
        /// The whole value is of another kind than asked for.
        case mismatch(found: JSONToken.Kind, wanted: JSONTarget)
        /// A number that no `float64` comes near to, as it is written, and the names and indices that lead to it.
        case outOfRange(number: String, path: [String])
        /// Not a number, or an infinity: JSON has neither.
        case unsupportedValue(Double)
    }

    /// Where an invalid character was found.
    package enum Place: Equatable, Sendable {
        case beforeValue
        case beforeKey
        case afterKey
        case afterMember
        case afterElement
        case afterEverything
        case inString
        case inNumber
        /// In `null`, `true` or `false`, where this letter was due.
        case inLiteral(String, expecting: UInt8)
    }
}

/// The Go type that text is decoded into.
package enum JSONTarget: Equatable, Sendable {
    /// `interface {}`
    case any
    /// `map[string]interface {}`
    case object
    /// `[]interface {}`
    case array
}

extension JSONError: CustomStringConvertible {
    package var description: String { message }

    /// Go's words, for example `invalid character 'x' looking for beginning of value`.
    package var message: String {
        switch kind {
        case .unexpectedEnd: "unexpected end of JSON input"
        case .invalidCharacter(let character, let place):
            "invalid character \(goQuotedCharacter(character)) \(place.message)"
        case .invalidEscape(let escape): "invalid escape sequence \(goQuotedEscape(escape)) in string"
        case .tooDeep: "exceeded max depth"
        case .tooLong: "JSON input of more than 4 GiB"
        case .mismatch(let found, let wanted):
            "json: cannot unmarshal \(found.goName) into Go value of type \(wanted.goName)"
        case .outOfRange(let number, let path):
            "json: cannot unmarshal number \(number) into \(Self.destination(path)) of type float64"
        case .unsupportedValue(let value): "json: unsupported value: \(Self.goName(value))"
        }
    }

    /// How Go names the place of a number: by a path that is a JSON pointer but for the dots, and by a guess from
    /// its last element whether that is the field of a struct.
    private static func destination(_ path: [String]) -> String {
        let escaped = path.map { name in
            name.unicodeScalars.reduce(into: "") { escaped, scalar in
                switch scalar {
                case "~": escaped += "~0"
                case "/": escaped += "~1"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
        }
        let field = escaped.joined(separator: ".")
        if field.isEmpty { return "Go value" }
        let last = field.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        let isIndex = !last.isEmpty && last.allSatisfy { ("0"..."9").contains($0) }
        return (isIndex ? "." : "Go struct field .") + field
    }

    private static func goName(_ value: Double) -> String {
        value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf"
    }
}

extension JSONError.Place {
    fileprivate var message: String {
        switch self {
        case .beforeValue: "looking for beginning of value"
        case .beforeKey: "looking for beginning of object key string"
        case .afterKey: "after object key"
        case .afterMember: "after object key:value pair"
        case .afterElement: "after array element"
        case .afterEverything: "after top-level value"
        case .inString: "in string"
        case .inNumber: "in numeric literal"
        case .inLiteral(let literal, let letter):
            "in literal \(literal) (expecting \(goQuotedCharacter([letter])))"
        }
    }
}

extension JSONToken.Kind {
    fileprivate var goName: String {
        switch self {
        case .null: "null"
        case .false, .true: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSONTarget {
    fileprivate var goName: String {
        switch self {
        case .any: "interface {}"
        case .object: "map[string]interface {}"
        case .array: "[]interface {}"
        }
    }
}
