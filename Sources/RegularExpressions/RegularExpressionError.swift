/// Why a pattern is not a regular expression: Go's `regexp/syntax.Error`.
package struct RegularExpressionError: Error, Equatable {
    package enum Kind: Equatable, Sendable {
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

    package let kind: Kind
    /// The part of the pattern that is at fault.
    package let expression: [UInt8]

    package init(kind: Kind, expression: [UInt8]) {
        self.kind = kind
        self.expression = expression
    }
}
