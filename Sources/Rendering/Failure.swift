import JSON
import KeyValue
import TextTemplate

/// Why a function failed.
enum Failure {
    case missingKey(ByteString)
    case badPattern
    case unpairedArguments
    case keyIsNoString
    case divisionByZero
    /// Text that is no number or truth value; the function of Go's `strconv` that says so.
    case notParsable(function: StaticString, ByteString)
    case outOfRange(function: StaticString, ByteString)
    /// The offset of the byte that cannot stand where it does.
    case notBase64(Int)
    case regularExpression(RegularExpressionError)
    case lengthOverflow
    /// A text above the limit.
    case tooLong
    /// A list above the limit.
    case tooMany
    case environment(EnvironmentError)
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

    /// The longest text that a function may make.
    static let longestText = 1 << 30
    /// The longest list that a function may make.
    static let longestList = 1 << 27
    static let deepestInclude = 10
}

extension Failure {
    /// The data that the words quote, as it stands in them.
    var quotedData: ByteString? {
        switch self {
        case .notParsable(_, let text), .outOfRange(_, let text): text.quoted
        case .regularExpression(let error): error.expression
        default: nil
        }
    }
}

extension Arguments {
    /// The error of a function, and a note of the data that it quotes.
    func failure(_ failure: Failure) -> FunctionError {
        if let data = failure.quotedData { rendering.quotedData.append(ByteString(data.array)) }
        return FunctionError(failure)
    }
}

extension FunctionError {
    init(_ failure: Failure) { self.init(failure.message) }
}
