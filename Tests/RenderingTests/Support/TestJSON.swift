import TextTemplate

@testable import Rendering

/// Reads the JSON of test data, with the reader of the program.
enum TestJSON {
    static func decode(_ text: ByteString) throws -> Value { try JSONValues.decode(text) }
}
