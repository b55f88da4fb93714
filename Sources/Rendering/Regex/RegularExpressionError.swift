import TextTemplate

/// Why a pattern is not a regular expression: Go's `regexp/syntax.Error`.
struct RegularExpressionError: Error, Equatable {
    enum Kind: Equatable {
        case invalidClassRange
        case invalidEscape
        case invalidNamedCapture
        case invalidPerlSyntax
        case nestedRepetition
        case invalidRepeatCount
        case invalidUTF8
        case missingBracket
        case missingParenthesis
        case missingRepeatArgument
        case trailingBackslash
        case unexpectedParenthesis
        case nestsTooDeeply
        case tooLarge
    }

    let kind: Kind
    /// The part of the pattern that is at fault.
    let expression: ByteString
}
