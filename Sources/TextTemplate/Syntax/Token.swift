/// A lexical item: what it is, and the bytes of the source that it covers.
struct Token {
    let kind: TokenKind
    let start: Int
    let end: Int

    var range: Range<Int> { start..<end }
}

/// The kinds of lexical items, named as in Go's `text/template/parse`.
enum TokenKind: UInt8 {
    /// The text is malformed; the lexer holds the reason.
    case error
    case endOfFile
    /// Plain text between actions.
    case text
    case leftDelimiter, rightDelimiter
    /// A run of spaces between arguments.
    case space
    /// `:=`
    case declare
    /// `=`
    case assign
    case pipe
    case leftParenthesis, rightParenthesis
    /// Any other printable ASCII character.
    case character

    // Operands.
    case bool, characterConstant, complex, number, string, rawString
    /// An identifier that starts with a period.
    case field
    case identifier
    /// `$` or `$name`.
    case variable

    // Keywords. The cursor and nil are among them, as in Go.
    case dot
    case `nil`
    case block, `break`, `continue`, define, `else`, end, `if`, range, template, with

    /// Whether an operand of a command can begin with the item.
    var startsOperand: Bool {
        self == .leftParenthesis || rawValue >= TokenKind.bool.rawValue && rawValue <= TokenKind.nil.rawValue
    }

    var isKeyword: Bool { rawValue >= TokenKind.dot.rawValue }
}
