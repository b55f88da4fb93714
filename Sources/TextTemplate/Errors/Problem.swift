/// The problems of templates, as data; `Wording` puts it into Go's words.
enum Problem: Error, Equatable, Sendable {
    // MARK: Lexing

    case unclosedComment
    case commentEndsBeforeDelimiter
    case unclosedLeftParenthesis
    case unclosedAction
    case expectedDeclare
    case unexpectedRightParenthesis
    case unrecognizedCharacter(UInt32)
    case badCharacter(UInt32)
    case badNumber(ByteString)
    case unterminatedCharacter
    case unterminatedString
    case unterminatedRawString

    // MARK: Literals

    case invalidSyntax
    case malformedCharacter(ByteString)
    case integerOverflow(ByteString)
    case illegalNumber(ByteString)
    case complexSyntax
    case parseFloatSyntax(ByteString)
    case parseFloatRange(ByteString)

    // MARK: Parsing

    /// A lexical problem in an action that began on an earlier line.
    indirect case inAction(Problem, name: ByteString, line: Int)
    case unexpectedToken(TokenText, clause: Clause)
    case unexpectedEnd(delimiters: Delimiters, clause: Clause?)
    case unexpectedElse(delimiters: Delimiters, clause: Clause?)
    case expectedEnd(delimiters: Delimiters)
    case unexpectedEndOfFile
    case missingValue(Clause)
    case notExecutable(stage: Int)
    case rangeVariables
    case tooManyDeclarations(Clause)
    case unexpectedField(after: ByteString)
    case unknownFunction(ByteString, suggestion: String?)
    case undefinedVariable(ByteString)
    case outsideRange(keyword: String)
    case multipleDefinition(ByteString)
    case parenthesesTooDeep
    case sourceTooLarge(limit: Int)

    // MARK: Executing

    case undeclaredVariable(ByteString)
    case nilCommand
    case argumentOfNonFunction(ByteString)
    case overflowsInt(ByteString)
    case wrongCount(function: ByteString, want: Int, got: Int)
    case tooFewArguments(function: ByteString, want: Int, got: Int)
    case resultCount(function: ByteString, count: Int)
    case secondResult(function: ByteString, type: String)
    case nilAssigned(type: String)
    case expectedLiteral(String, found: ByteString)
    case unsuitableLiteral(ByteString, type: String)
    case invalidValue(type: String)
    case wrongType(expected: String, got: String)
    case calling(ByteString, message: ByteString, details: ErrorDetails?)
    case nilPointer(type: String, field: ByteString)
    case noField(ByteString, type: String, suggestion: String?)
    case unexportedField(ByteString, type: String)
    case fieldWithArguments(ByteString)
    case mapEntryWithArguments(ByteString)
    case rangeOverOneVariable(ByteString)
    case notIterable(ByteString)
    case templateNotDefined(ByteString, suggestion: String?)
    case callsTooDeep(limit: Int)
    case valueTooDeep(limit: Int)
    case outputTooLarge(limit: Int)
    case timeExceeded

    /// The part of a template that a parse error is found in.
    enum Clause: Equatable {
        case input, command, parenthesized, operand, end, `else`, define, block, template, `if`, range, with
        case `break`, `continue`
    }

    /// A token as errors show it.
    enum TokenText: Equatable {
        case endOfFile
        case keyword(ByteString)
        case text(ByteString)
    }

    /// A construct that is not closed.
    enum Opening: Equatable {
        case action, parenthesis
        case block(String)
    }

    struct Delimiters: Equatable {
        let left: ByteString
        let right: ByteString
    }
}
