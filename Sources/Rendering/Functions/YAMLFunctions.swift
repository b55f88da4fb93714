import TextTemplate

/// `toYaml`.
enum YAMLFunctions {
    static let table: [String: Function] = [
        "toYaml": Function([.any]) { (arguments) throws(FunctionError) in
            do throws(JSONEncodingError) {
                let yaml = try YAMLEncoder.encode(arguments[0], limit: arguments.longestText)
                // As in Helm: the template ends the last line. (A text that ends with U+2028 has no line feed.)
                return .string(ByteString(yaml.last == UInt8(ascii: "\n") ? yaml.dropLast() : yaml[...]))
            } catch {
                throw FunctionError(.encoding(error))
            }
        }
    ]
}
