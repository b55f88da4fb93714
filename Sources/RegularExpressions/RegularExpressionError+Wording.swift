extension RegularExpressionError {
    /// Go's words for the kind.
    package var reason: StaticString {
        switch kind {
        case .invalidClassRange: "invalid character class range"
        case .invalidEscape: "invalid escape sequence"
        case .invalidNamedCapture: "invalid named capture"
        case .invalidPerlSyntax: "invalid or unsupported Perl syntax"
        case .nestedRepetition: "invalid nested repetition operator"
        case .invalidRepeatCount: "invalid repeat count"
        case .invalidUTF8: "invalid UTF-8"
        case .missingBracket: "missing closing ]"
        case .missingParenthesis: "missing closing )"
        case .missingRepeatArgument: "missing argument to repetition operator"
        case .trailingBackslash: "trailing backslash at end of expression"
        case .unexpectedParenthesis: "unexpected )"
        case .nestsTooDeeply: "expression nests too deeply"
        case .tooLarge: "expression too large"
        }
    }
}
