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
            do throws(RegularExpressionError) {
                return .string(try expression.replacing(in: arguments.string(1), with: arguments.string(2)))
            } catch {
                throw arguments.failure(.regularExpression(error), of: arguments.string(0))
            }
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
