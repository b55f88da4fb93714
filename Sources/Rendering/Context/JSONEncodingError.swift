import JSON
import TextTemplate

/// Why a value has no form in JSON.
enum JSONEncodingError: Error, Equatable {
    case unsupportedType(String)
    case notFinite(JSONError)
    /// The text would be longer than the limit.
    case tooLong(limit: Int)
    /// A method of the value failed.
    case method(String, type: String, ByteString)
}
