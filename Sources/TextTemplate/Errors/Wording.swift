import Primitives

/// The words of all errors: Go's, to the letter, where Go has the error.
enum Wording {
    /// The text of `problem`, without the place.
    static func text(of problem: Problem) -> Message {
        switch problem {
        case .unclosedComment: "unclosed comment"
        case .commentEndsBeforeDelimiter: "comment ends before closing delimiter"
        case .unclosedLeftParenthesis: "unclosed left paren"
        case .unclosedAction: "unclosed action"
        case .expectedDeclare: "expected :="
        case .unexpectedRightParenthesis: "unexpected right paren"
        case .unrecognizedCharacter(let value): "unrecognized character in action: \(codePoint: value)"
        case .badCharacter(let value): "bad character \(codePoint: value)"
        case .badNumber(let text): "bad number syntax: \(quoted: text)"
        case .unterminatedCharacter: "unterminated character constant"
        case .unterminatedString: "unterminated quoted string"
        case .unterminatedRawString: "unterminated raw quoted string"

        case .invalidSyntax: "invalid syntax"
        case .malformedCharacter(let text): "malformed character constant: \(text)"
        case .integerOverflow(let text): "integer overflow: \(quoted: text)"
        case .illegalNumber(let text): "illegal number syntax: \(quoted: text)"
        case .complexSyntax: "syntax error scanning complex number"
        case .parseFloatSyntax(let text): "strconv.ParseFloat: parsing \(quoted: text): invalid syntax"
        case .parseFloatRange(let text): "strconv.ParseFloat: parsing \(quoted: text): value out of range"

        case .inAction(let inner, let name, let line):
            // Go avoids "unclosed action in action".
            inner == .unclosedAction
                ? "\(text(of: inner)) started at \(name):\(line)"
                : "\(text(of: inner)) in action started at \(name):\(line)"
        case .unexpectedToken(let token, let clause): "unexpected \(text(of: token)) in \(name(of: clause))"
        case .unexpectedEnd(let delimiters, let clause):
            "unexpected \(delimiters.left)end\(delimiters.right)\(clause.map { " in \(name(of: $0))" } ?? "")"
        case .unexpectedElse(let delimiters, let clause):
            "unexpected \(delimiters.left)else\(delimiters.right)\(clause.map { " in \(name(of: $0))" } ?? "")"
        case .expectedEnd(let delimiters): "expected end; found \(delimiters.left)else\(delimiters.right)"
        case .unexpectedEndOfFile: "unexpected EOF"
        case .missingValue(let clause): "missing value for \(name(of: clause))"
        case .notExecutable(let stage): "non executable command in pipeline stage \(stage)"
        case .rangeVariables: "range can only initialize variables"
        case .tooManyDeclarations(let clause): "too many declarations in \(name(of: clause))"
        case .unexpectedField(let term): "unexpected . after term \(quoted: term)"
        case .unknownFunction(let name, _): "function \(quoted: name) not defined"
        case .undefinedVariable(let name): "undefined variable \(quoted: name)"
        case .outsideRange(let keyword): "{{\(keyword)}} outside {{range}}"
        case .multipleDefinition(let name): "template: multiple definition of template \(quoted: name)"
        case .parenthesesTooDeep: "max expression depth exceeded"
        case .sourceTooLarge(let limit): "template is larger than \(limit) bytes"

        case .undeclaredVariable(let name): "undefined variable: \(name)"
        case .nilCommand: "nil is not a command"
        case .argumentOfNonFunction(let node): "can't give argument to non-function \(node)"
        case .overflowsInt(let text): "\(text) overflows int"
        case .wrongCount(let function, let want, let got):
            "wrong number of args for \(function): want \(want) got \(got)"
        case .tooFewArguments(let function, let want, let got):
            "wrong number of args for \(function): want at least \(want) got \(got)"
        case .resultCount(let function, let count): "function \(function) has \(count) return values; should be 1 or 2"
        case .secondResult(let function, let type):
            "invalid function signature for \(function): second return value should be error; is \(type)"
        case .nilAssigned(let type): "cannot assign nil to \(type)"
        case .expectedLiteral(let kind, let found): "expected \(kind); found \(found)"
        case .unsuitableLiteral(let text, let type): "can't handle \(text) for arg of type \(type)"
        case .invalidValue(let type): "invalid value; expected \(type)"
        case .wrongType(let expected, let got): "wrong type for value; expected \(expected); got \(got)"
        case .calling(let function, let message, _): "error calling \(function): \(message)"
        case .nilPointer(let type, let field): "nil pointer evaluating \(type).\(field)"
        case .noField(let field, let type, _): "can't evaluate field \(field) in type \(type)"
        case .unexportedField(let field, let type): "\(field) is an unexported field of struct type \(type)"
        case .fieldWithArguments(let field): "\(field) has arguments but cannot be invoked as function"
        case .mapEntryWithArguments(let field): "\(field) is not a method but has arguments"
        case .rangeOverOneVariable(let value): "can't use \(value) to iterate over more than one variable"
        case .notIterable(let value): "range can't iterate over \(value)"
        case .templateNotDefined(let name, _): "template \(quoted: name) not defined"
        case .callsTooDeep(let limit): "exceeded maximum template depth (\(limit))"
        case .valueTooDeep(let limit): "lists and maps nest deeper than \(limit) levels"
        case .outputTooLarge(let limit): "output is larger than \(limit) bytes"
        case .timeExceeded: "rendering takes too long"
        }
    }

    /// The hint for `problem`, nil if there is none.
    static func hint(for problem: Problem) -> String? {
        switch problem {
        case .unknownFunction(_, let suggestion?): "did you mean \"\(suggestion)\"?"
        case .templateNotDefined(_, let suggestion?): "did you mean \"\(suggestion)\"?"
        // What ls and lsdir give, taken for the pairs of gets.
        case .noField("Key", "string", _), .noField("Value", "string", _):
            "this is a text: gets \"/app/*\" gives keys with their values"
        case .noField(_, _, let suggestion?): "did you mean \".\(suggestion)\"?"
        case .wrongType("int", "string"): "atoi makes an int of a string"
        case .wrongType("int", "int64"): "int makes an int of it"
        case .wrongType("[]string", "[]interface {}"), .wrongType("[]string", "[]int"):
            "toStrings makes a list of strings of it"
        case .wrongType("int", "float64"): "numbers of JSON are float64: printf \"%.0f\" and atoi make an int of one"
        case .wrongType("string", "int"), .wrongType("string", "float64"), .wrongType("string", "bool"):
            "print makes a string of it"
        case .malformedCharacter, .unterminatedCharacter, .unexpectedToken(.text("/"), .operand):
            "a text stands in double quotes"
        case .unrecognizedCharacter(let value) where quotationMarks.contains(value):
            "a text stands in plain double quotes: \""
        case .unexpectedToken(.text("="), .command): "leave \"=\" out: an action prints what it gives"
        case .unexpectedToken(.text("="), _): "eq compares: eq A B; := and = are for variables, which begin with $"
        case .unexpectedToken(.text("("), _): "arguments follow a function after a space: f A B, not f(A, B)"
        case .unexpectedToken(.text(","), _): "arguments are separated by spaces"
        case .unexpectedToken(.text("&"), _): "both: and A B"
        case .calling(_, _, let details): details?.hint
        case .callsTooDeep: "a template that calls itself needs a condition that ends it"
        case .outputTooLarge, .timeExceeded: "look for a loop that does not end"
        case .inAction(let inner, _, _): hint(for: inner)
        default: nil
        }
    }

    /// What word processors make of quotes.
    private static let quotationMarks: Set<UInt32> = [0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0xAB, 0xBB]

    /// For a call such as `(atoi x) mul 2`, which Go before 1.14 took for `(atoi x)`.
    static func infixHint(function: ByteString, first: ByteString, rest: ByteString) -> Message {
        "the function comes first: \(function) \(first)\(rest)"
    }

    /// For `getvs printf "/a/%s" $x`.
    static func nestedCallHint(function: ByteString) -> Message {
        "a call that is an argument stands in parentheses: (\(function) …)"
    }

    /// The hint for an error that is shown where something was opened.
    static func unclosedHint(_ opening: Problem.Opening, _ delimiters: Problem.Delimiters) -> Message {
        switch opening {
        case .action: "the action that begins here is not closed"
        case .parenthesis: "the parenthesis that begins here is not closed"
        case .block(let keyword):
            "\(delimiters.left)\(keyword)\(delimiters.right) has no \(delimiters.left)end\(delimiters.right)"
        }
    }

    /// The data that an execution error quotes, nil if it quotes none.
    static func quotation(of problem: Problem) -> Quotation? {
        let masked: Message
        let data: ByteString
        switch problem {
        case .notIterable(let value): (data, masked) = (value, text(of: .notIterable("…")))
        case .rangeOverOneVariable(let value): (data, masked) = (value, text(of: .rangeOverOneVariable("…")))
        case .calling(_, _, let details): return details?.quotation
        default: return nil
        }
        return Quotation(data: data, phrase: text(of: problem).byteString, masked: masked.byteString)
    }

    /// Go's full message for an error of the parser.
    static func parseError(_ problem: Problem, name: ByteString, line: Int) -> Message {
        "template: \(name):\(line): \(text(of: problem))"
    }

    /// Go's message for an execution error, after the place.
    static func executing(_ problem: Problem, template: ByteString, node: ByteString) -> Message {
        "executing \(quoted: template) at <\(node)>: \(text(of: problem))"
    }

    /// Go's full message for an error of the execution; `column` counts bytes from 0, as Go does.
    static func executeError(_ message: Message, name: ByteString, line: Int, column: Int) -> Message {
        "template: \(name):\(line):\(column): \(message)"
    }

    /// An error for people: place, message, the line of the source with a caret, a hint.
    static func diagnostic(
        path: String, line: Int, column: Int, message: ByteString, excerpt: [UInt8], hint: String?
    ) -> Message {
        "\(path):\(line):\(column): \(message)\n\(Message(bytes: excerpt))\(hint.map { "hint: \($0)\n" } ?? "")"
    }

    private static func text(of token: Problem.TokenText) -> Message {
        switch token {
        case .endOfFile: "EOF"
        case .keyword(let text): "<\(text)>"
        // Go shows ten characters of what is longer than ten bytes.
        case .text(let text) where text.count > 10: "\(quoted: text.prefix(characters: 10))..."
        case .text(let text): "\(quoted: text)"
        }
    }

    private static func name(of clause: Problem.Clause) -> String {
        switch clause {
        case .input: "input"
        case .command: "command"
        case .parenthesized: "parenthesized pipeline"
        case .operand: "operand"
        case .end: "end"
        case .else: "else"
        case .define: "define clause"
        case .block: "block clause"
        case .template: "template clause"
        case .if: "if"
        case .range: "range"
        case .with: "with"
        case .break: "{{break}}"
        case .continue: "{{continue}}"
        }
    }
}

/// A text of bytes that is written as an interpolated string: messages can hold data that is not UTF-8.
struct Message: ExpressibleByStringInterpolation {
    private(set) var bytes: [UInt8] = []

    init(bytes: [UInt8] = []) { self.bytes = bytes }

    init(stringLiteral text: String) { bytes = Array(text.utf8) }

    init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }

    var byteString: ByteString { ByteString(bytes) }

    struct StringInterpolation: StringInterpolationProtocol {
        var bytes: [UInt8] = []

        init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        mutating func appendLiteral(_ text: String) { bytes.append(contentsOf: text.utf8) }

        mutating func appendInterpolation(_ text: String) { bytes.append(contentsOf: text.utf8) }

        mutating func appendInterpolation(_ number: Int) { bytes.append(contentsOf: String(number).utf8) }

        mutating func appendInterpolation(_ text: ByteString) { text.withBytes { bytes.append(contentsOf: $0) } }

        mutating func appendInterpolation(_ message: Message) { bytes.append(contentsOf: message.bytes) }

        /// Go's `%q`.
        mutating func appendInterpolation(quoted text: ByteString) {
            bytes += ByteBuffer.bytes { output in text.withBytes { Quoting().append($0, into: &output) } }
        }

        /// Go's `%v`.
        mutating func appendInterpolation(value: Value) {
            bytes += ByteBuffer.bytes { Format.appendValue(value, into: &$0) }
        }

        /// Go's `%#U`.
        mutating func appendInterpolation(codePoint value: UInt32) {
            let digits = String(value, radix: 16, uppercase: true)
            appendLiteral("U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
            guard GoQuoting.isPrintable(value) else { return }
            appendLiteral(" '")
            Rune.append(value, into: &bytes)
            appendLiteral("'")
        }
    }
}

extension ByteString {
    /// The first `limit` characters, or all of them.
    fileprivate func prefix(characters limit: Int) -> ByteString {
        let end = withBytes { bytes in
            var offset = 0
            var characters = 0
            while offset < bytes.count && characters < limit {
                offset += Rune(bytes, at: offset).width
                characters += 1
            }
            return offset
        }
        return self[0..<end]
    }
}
