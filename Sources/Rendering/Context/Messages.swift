import RegularExpressions
import TextTemplate

/// A message of text and of bytes from the data.
private struct Message: ExpressibleByStringInterpolation {
    struct StringInterpolation: StringInterpolationProtocol {
        var bytes: [UInt8] = []

        init(literalCapacity: Int, interpolationCount: Int) {}
        mutating func appendLiteral(_ literal: StaticString) {
            bytes += UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        }
        mutating func appendInterpolation(_ data: ByteString) { data.withBytes { bytes += $0 } }
        mutating func appendInterpolation(_ text: String) { bytes += text.utf8 }
        mutating func appendInterpolation(_ text: StaticString) { appendLiteral(text) }
        mutating func appendInterpolation(_ number: Int) { bytes += String(number).utf8 }
    }

    let text: ByteString

    init(stringLiteral: StaticString) {
        text = ByteString(stringLiteral: stringLiteral)
    }

    init(stringInterpolation: StringInterpolation) { text = ByteString(stringInterpolation.bytes) }
}

extension Failure {
    /// The words: Go's, where Go has the failure.
    var message: ByteString { wording.text }

    private var wording: Message {
        switch self {
        case .missingKey(let key): "key does not exist: \(key)"
        case .notChecked(let key): "no health check covers the key \(key)"
        case .badPattern: "syntax error in pattern"
        case .unpairedArguments: "invalid map call"
        case .keyIsNoString: "map keys must be strings"
        case .divisionByZero: "runtime error: integer divide by zero"
        case .notParsable(let function, let text): "strconv.\(function): parsing \(text.quoted): invalid syntax"
        case .outOfRange(let function, let text): "strconv.\(function): parsing \(text.quoted): value out of range"
        case .notBase64(let offset): "illegal base64 data at input byte \(offset)"
        case .regularExpression(let error): "error parsing regexp: \(error.reason): `\(ByteString(error.expression))`"
        case .lengthOverflow: "strings: Repeat output length overflow"
        case .tooLong(let limit): "the text would be longer than \(limit) bytes"
        case .tooMany(let limit): "the list would be longer than \(limit) elements"
        case .listInItself: "the list would be an element of itself"
        case .nilList: "runtime error: invalid memory address or nil pointer dereference"
        case .noList(let function, let kind): "Cannot find \(function) on type \(kind)"
        case .noListToConcatenate(let kind): "Cannot concat type \(kind) as list"
        case .environment(let error): "\(error.message)"
        case .secret(let key, let error): "\(key): \(error.message)"
        case .json(let error): "\(error.message)"
        case .encoding(let error): error.wording
        case .include(let failure): failure.wording
        }
    }
}

extension JSONEncodingError {
    fileprivate var wording: Message {
        switch self {
        case .unsupportedType(let name): "json: unsupported type: \(name)"
        case .notFinite(let error): "\(error.message)"
        case .tooLong(let limit): "the text would be longer than \(limit) bytes"
        case .method(let name, let type, let cause): "json: error calling \(name) for type \(type): \(cause)"
        }
    }
}

extension Failure.IncludeFailure {
    fileprivate var wording: Message {
        switch self {
        case .outsideFolder(let name): "include path \(name.quoted) is outside template directory"
        case .cycle(let path): "include cycle detected: \(path) is already being processed"
        case .tooDeep: "maximum include depth (\(Failure.deepestInclude)) exceeded"
        case .failed(let step, let name, let cause): "\(step) \(name): \(cause)"
        }
    }
}
