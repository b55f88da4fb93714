import JSON
import RegularExpressions
import TextTemplate

/// Why a function failed.
enum Failure {
    case missingKey(ByteString)
    /// A key that no health check covers.
    case notChecked(ByteString)
    case badPattern
    case unpairedArguments
    case keyIsNoString
    case divisionByZero
    /// Text that is not a number or a boolean, and the function of Go's `strconv` that refuses it.
    case notParsable(function: StaticString, ByteString)
    case outOfRange(function: StaticString, ByteString)
    /// The offset of the first byte that is not allowed there.
    case notBase64(Int)
    case regularExpression(RegularExpressionError)
    case lengthOverflow
    /// A text above the limit, which is in bytes.
    case tooLong(limit: Int)
    /// A list above the limit.
    case tooMany(limit: Int)
    /// An array that two lists share would hold one of them.
    case listInItself
    /// Nothing where Sprig's functions need a list, and something else: `reflect.Kind`'s name of it.
    case nilList
    case noList(function: StaticString, kind: String)
    case noListToConcatenate(kind: String)
    case environment(EnvironmentError)
    /// The value of a key could not be decrypted.
    case secret(ByteString, EnvironmentError)
    case json(JSONError)
    case encoding(JSONEncodingError)
    case include(IncludeFailure)

    /// Why a template could not be included.
    enum IncludeFailure {
        case outsideFolder(ByteString)
        case cycle(ByteString)
        case tooDeep
        /// The failure of one step: `include`, `parse include`, `execute include`.
        case failed(StaticString, name: ByteString, ByteString)
    }

    static let deepestInclude = 10
}

extension Failure {
    /// The data that the message quotes, nil if it quotes none.
    var quotation: Quotation? {
        let data: ByteString
        switch self {
        case .notParsable(_, let text), .outOfRange(_, let text): data = text.quoted
        case .regularExpression(let error): data = ByteString(error.expression)
        case .json(let error):
            guard case .outOfRange(let number, _) = error.kind else { return nil }
            data = ByteString(number)
        default: return nil
        }
        // A copy, because a window into a value would not outlive the rendering.
        return Quotation(data: ByteString(data.array), phrase: message, masked: masked.message)
    }

    /// The same failure with the data left out.
    private var masked: Failure {
        switch self {
        case .notParsable(let function, _): .notParsable(function: function, "…")
        case .outOfRange(let function, _): .outOfRange(function: function, "…")
        case .regularExpression(let error):
            .regularExpression(RegularExpressionError(kind: error.kind, expression: Array("…".utf8)))
        case .json(let error): .json(JSONError(kind: .outOfRange(number: "…", path: ["…"]), offset: error.offset))
        default: self
        }
    }
}

extension Arguments {
    /// The bytes of the longest text that a function may make.
    var longestText: Int { rendering.limits.outputSize }

    /// The elements of the longest list that a function may make: they take as much memory as the longest text.
    var longestList: Int { longestText / MemoryLayout<Value>.stride }

    /// The error of a function that could not use `text`: with the data that it quotes, and the key that the data is
    /// from.
    func failure(_ failure: Failure, of text: ByteString) -> FunctionError {
        let hints = [rendering.origin(of: text, failingAt: failure.offset), failure.cure].compactMap { $0 }
        return FunctionError(
            failure.message, hint: hints.isEmpty ? nil : hints.joined(separator: "; "), quotation: failure.quotation)
    }
}

extension Failure {
    /// What to write in the template, where the words of the message do not say it.
    fileprivate var cure: String? {
        guard case .json(let error) = self, case .mismatch(_, let wanted) = error.kind else { return nil }
        return switch wanted {
        case .object: "json takes an object: fromJson takes any value, jsonArray an array"
        case .array: "jsonArray takes an array: fromJson takes any value, json an object"
        case .any: nil
        }
    }

    /// The byte of the text at which it is wrong, counted from 1, where that is known.
    fileprivate var offset: Int? {
        switch self {
        case .json(let error): error.offset + 1
        case .notBase64(let offset): offset + 1
        default: nil
        }
    }
}

extension FunctionError {
    init(_ failure: Failure, hint: String? = nil) { self.init(failure.message, hint: hint) }
}
