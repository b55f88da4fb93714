/// An error of parsing or executing a template.
public struct TemplateError: Error, Sendable {
    public enum Phase: Sendable { case parse, execute }

    /// Which kind of error, for programs that treat them differently.
    public enum Kind: Equatable, Sendable {
        /// The template is malformed, or its execution failed.
        case failure
        /// There is no function of this name; perhaps another one was meant.
        case unknownFunction(name: String, suggestion: String?)
        /// A limit of `Limits` was reached.
        case limit
    }

    public let phase: Phase
    public let kind: Kind
    /// The name of the source.
    public let name: String
    /// The line of the source, counted from 1. Of a construct that is not closed it is the line where it was opened;
    /// Go's message has the line where the parser noticed.
    public let line: Int
    /// The byte of the line, counted from 1. (Go counts from 0.)
    public let column: Int
    /// Go's message after the place. May hold bytes of the data.
    public let reason: ByteString
    /// Go's full message.
    public let description: ByteString
    /// How to fix it, nil if there is nothing to say.
    public private(set) var hint: String?
    /// The data that the texts quote, nil if they quote none.
    public let quotation: Quotation?

    /// Go's full message.
    public var message: ByteString { description }

    init(
        _ problem: Problem, phase: Phase, name: ByteString, position: SourcePosition, reason: ByteString,
        description: ByteString, hint: ByteString? = nil
    ) {
        self.phase = phase
        kind = problem.kind
        self.name = name.text
        line = position.line
        column = position.column + 1
        self.reason = reason
        self.description = description
        self.hint = hint?.text ?? Wording.hint(for: problem)
        quotation = Wording.quotation(of: problem)
    }

    /// The same error with another hint.
    package func explained(by hint: String) -> TemplateError {
        var error = self
        error.hint = hint
        return error
    }
}

/// A place in a source as Go counts: lines from 1, bytes of the line from 0.
struct SourcePosition {
    let line: Int
    let column: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) {
        let before = bytes[..<offset]
        line = bytes.line(at: offset)
        column = offset - (before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The line of the byte at `offset`, counted from 1.
    func line(at offset: Int) -> Int {
        var line = 1
        for byte in self[..<offset] where byte == UInt8(ascii: "\n") { line += 1 }
        return line
    }
}

extension Problem {
    fileprivate var kind: TemplateError.Kind {
        switch self {
        case .unknownFunction(let name, let suggestion): .unknownFunction(name: name.text, suggestion: suggestion)
        case .parenthesesTooDeep, .sourceTooLarge, .callsTooDeep, .valueTooDeep, .outputTooLarge, .timeExceeded: .limit
        default: .failure
        }
    }

    /// The error for a problem that the parser met at `offset`.
    func located(name: ByteString, bytes: UnsafeBufferPointer<UInt8>, offset: Int) -> TemplateError {
        let position = SourcePosition(bytes, at: offset)
        return TemplateError(
            self, phase: .parse, name: name, position: position, reason: Wording.text(of: self).byteString,
            description: Wording.parseError(self, name: name, line: position.line).byteString)
    }

    /// The same, shown at `opening`, where what is not closed began.
    func located(
        name: ByteString, bytes: UnsafeBufferPointer<UInt8>, offset: Int, opening: Int, hint: ByteString
    ) -> TemplateError {
        TemplateError(
            self, phase: .parse, name: name, position: SourcePosition(bytes, at: opening),
            reason: Wording.text(of: self).byteString,
            description: Wording.parseError(self, name: name, line: bytes.line(at: offset)).byteString, hint: hint)
    }
}
