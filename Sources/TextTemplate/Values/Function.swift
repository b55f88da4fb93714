/// A function that templates can call, with the Go signature that its arguments are checked against.
public struct Function: Sendable {
    /// The Go type of a parameter.
    public enum Parameter: Sendable {
        case string, bool, int, float
        /// `interface {}`: takes anything.
        case any
        /// `[]string`, `[]interface {}`, `[]memkv.KVPair`, `map[string]interface {}`.
        case strings, anys, pairs, map
        /// `time.Duration`, `time.Time`, `*time.Location`, `[]uint8`: for methods of times.
        case duration, time, location, bytes
    }

    public let parameters: [Parameter]
    /// The type of each further argument, Go's `...T`; nil if there may be none.
    public let variadic: Parameter?
    /// The Go types of the results if they are not one value, or one and an error: a template may
    /// name such a method, but not call it. Empty for all others.
    public let refusedResults: [String]
    /// Runs the function. Arguments have the declared types: the engine has checked and converted them.
    public let body: Body

    public typealias Body = @Sendable (Arguments) throws(FunctionError) -> Value

    /// Whether it is a method without result, which no template can call.
    let hasNoResult: Bool

    public init(
        _ parameters: [Parameter], variadic: Parameter? = nil, refusedResults: [String] = [], body: @escaping Body
    ) {
        self.parameters = parameters
        self.variadic = variadic
        self.refusedResults = refusedResults
        self.body = body
        hasNoResult = false
    }

    /// A method without result.
    init(withoutResult parameters: [Parameter]) {
        self.parameters = parameters
        variadic = nil
        refusedResults = []
        body = { _ in preconditionFailure("a method without result was called") }
        hasNoResult = true
    }
}

/// The error that a function returns: shown as `error calling NAME: MESSAGE`.
public struct FunctionError: Error, Equatable, Sendable {
    /// The message, which may hold bytes of the data.
    public let message: ByteString
    /// Hint and quotation, behind one pointer to keep the error small: every call returns room for one.
    let details: ErrorDetails?
    /// How to fix it, nil if there is nothing to say.
    public var hint: String? { details?.hint }
    /// The data that the message quotes, nil if it quotes none.
    public var quotation: Quotation? { details?.quotation }

    public init(_ message: ByteString, hint: String? = nil, quotation: Quotation? = nil) {
        self.message = message
        details = hint == nil && quotation == nil ? nil : ErrorDetails(hint: hint, quotation: quotation)
    }

    public init(_ message: String, hint: String? = nil) { self.init(ByteString(message), hint: hint) }
}

/// A part of an error's text that quotes data, as Go's words do; a program that logs errors may want to mask it.
public struct Quotation: Equatable, Sendable {
    /// The data as the text has it.
    public let data: ByteString
    /// The words around it, for example `range can't iterate over DATA`.
    public let phrase: ByteString
    /// The same words without the data.
    public let masked: ByteString

    public init(data: ByteString, phrase: ByteString, masked: ByteString) {
        self.data = data
        self.phrase = phrase
        self.masked = masked
    }
}

/// The parts of an error besides its message.
final class ErrorDetails: Equatable, Sendable {
    let hint: String?
    let quotation: Quotation?

    init(hint: String?, quotation: Quotation?) {
        self.hint = hint
        self.quotation = quotation
    }

    static func == (left: ErrorDetails, right: ErrorDetails) -> Bool {
        left.hint == right.hint && left.quotation == right.quotation
    }
}

/// The arguments of one call. Valid only during the call.
public struct Arguments {
    let values: UnsafeBufferPointer<Value>
    /// The `userData` of `Template.render`, where functions find the data of the rendering.
    public unowned(unsafe) let userData: AnyObject?

    init(values: UnsafeBufferPointer<Value>, userData: AnyObject? = nil) {
        self.values = values
        self.userData = userData
    }

    public var count: Int { values.count }

    /// The argument at `index`, of any type.
    public subscript(index: Int) -> Value { values[index] }

    /// The argument at `index`, declared `.string`.
    public func string(_ index: Int) -> ByteString {
        guard case .string(let value) = values[index] else { mismatch(index) }
        return value
    }

    /// The argument at `index`, declared `.int`, or `.duration` in nanoseconds.
    public func int(_ index: Int) -> Int {
        switch values[index] {
        case .int(let value): return value
        case .integer(let integer): return integer.value
        default: mismatch(index)
        }
    }

    /// The argument at `index`, declared `.bool`.
    public func bool(_ index: Int) -> Bool {
        guard case .bool(let value) = values[index] else { mismatch(index) }
        return value
    }

    /// The argument at `index`, declared `.strings`, `.anys` or `.pairs`.
    public func slice(_ index: Int) -> Slice {
        guard case .slice(let value) = values[index] else { mismatch(index) }
        return value
    }

    /// The argument at `index`, declared `.map`.
    public func map(_ index: Int) -> Map {
        guard case .map(let value) = values[index] else { mismatch(index) }
        return value
    }

    private func mismatch(_ index: Int) -> Never {
        preconditionFailure("argument \(index) has another type than its parameter declares")
    }
}
