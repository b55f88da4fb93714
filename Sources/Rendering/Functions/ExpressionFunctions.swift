import RegularExpressions
import TextTemplate

/// `regexMatch`, `regexFind` and `regexReplaceAll`.
enum ExpressionFunctions {
    static let table: [String: Function] = [
        "regexMatch": Function([.string, .string]) { (arguments) throws(FunctionError) in
            .bool(try expression(arguments).matches(arguments.string(1)))
        },
        "regexFind": Function([.string, .string]) { (arguments) throws(FunctionError) in
            let text = arguments.string(1)
            let match = try expression(arguments).firstMatch(in: text)
            return .string(match.map { text[$0] } ?? ByteString())
        },
        "regexReplaceAll": Function([.string, .string, .string]) { (arguments) throws(FunctionError) in
            let expression = try expression(arguments)
            let limit = arguments.longestText
            let replaced: ByteString?
            do throws(RegularExpressionError) {
                replaced = try expression.replacing(in: arguments.string(1), with: arguments.string(2), limit: limit)
            } catch {
                throw arguments.failure(.regularExpression(error), of: arguments.string(0))
            }
            guard let replaced else { throw FunctionError(.tooLong(limit: limit)) }
            return .string(replaced)
        },
    ]

    private static func expression(_ arguments: Arguments) throws(FunctionError) -> RegularExpression {
        do {
            return try arguments.rendering.expression(arguments.string(0))
        } catch {
            throw arguments.failure(.regularExpression(error), of: arguments.string(0))
        }
    }
}

// Strings of templates, as the engine takes them.
extension RegularExpression {
    init(_ pattern: ByteString) throws(RegularExpressionError) { try self.init(pattern.array) }

    func matches(_ text: ByteString) -> Bool { text.withBytes { matches($0) } }

    func firstMatch(in text: ByteString) -> Range<Int>? { text.withBytes { firstMatch(in: $0) } }

    /// `text` itself if nothing matches, nil if the result would be longer than `limit`.
    func replacing(
        in text: ByteString, with replacement: ByteString, limit: Int = .max
    ) throws(RegularExpressionError) -> ByteString? {
        let replaced = try text.withBytes { text throws(RegularExpressionError) in
            try replacement.withBytes { replacement throws(RegularExpressionError) in
                try replacing(in: text, with: replacement, limit: limit)
            }
        }
        return switch replaced {
        case .unchanged: text
        case .text(let bytes): ByteString(bytes)
        case .tooLong: nil
        }
    }
}
