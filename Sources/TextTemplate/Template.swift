/// A parsed template and the templates that it defines.
///
/// Neither parsing nor rendering recurses, however deep a template nests, so both run on any stack: a
/// function that renders a template on its own (`include`) is the only thing that adds to the depth.
public struct Template: Sendable {
    /// Delimiters and limits of a template.
    public struct Options: Sendable {
        /// The left delimiter of actions; empty for `{{`.
        public var leftDelimiter: [UInt8] = Array("{{".utf8)
        /// The right delimiter of actions; empty for `}}`.
        public var rightDelimiter: [UInt8] = Array("}}".utf8)
        public var limits = Limits()

        public init() {}
    }

    /// Keeps copies of a template cheap.
    final class Storage: Sendable {
        let program: Program
        let limits: Limits

        init(_ program: Program, _ limits: Limits) {
            self.program = program
            self.limits = limits
        }
    }

    let storage: Storage
    /// The index of the template that rendering begins with.
    private let body: Int

    private init(_ storage: Storage, body: Int) {
        self.storage = storage
        self.body = body
    }

    /// The names of the templates of this source, in the order of their definition; its own is among them.
    public var names: [ByteString] { storage.program.bodies.map(\.name) }

    /// The template that the source defines under `name`, Go's `Lookup`; nil if there is none.
    public func template(named name: ByteString) -> Template? {
        storage.program.bodies.firstIndex { $0.name == name }.map { Template(storage, body: $0) }
    }

    /// Parses `source`; `name` is the template's name in errors (Go's `template.New(name)`).
    public init(
        _ source: ByteString, name: String, functions: [String: Function], options: Options = Options()
    ) throws(TemplateError) {
        var unknownFunctions: [TemplateError]?
        try self.init(
            source, name: name, functions: functions, options: options, unknownFunctions: &unknownFunctions)
    }

    /// As `init(_:name:functions:options:)`; functions that are not defined are noted, unless `unknownFunctions` is
    /// nil, and stand for nothing.
    init(
        _ source: ByteString, name: String, functions: [String: Function], options: Options,
        unknownFunctions: inout [TemplateError]?
    ) throws(TemplateError) {
        let left = options.leftDelimiter.isEmpty ? Array("{{".utf8) : options.leftDelimiter
        let right = options.rightDelimiter.isEmpty ? Array("}}".utf8) : options.rightDelimiter
        let name = ByteString(name)
        let program = try source.withBytes { bytes throws(TemplateError) in
            guard bytes.count <= Limits.sourceSize else {
                throw Problem.sourceTooLarge(limit: Limits.sourceSize).located(name: name, bytes: bytes, offset: 0)
            }
            return try left.withUnsafeBufferPointer { left throws(TemplateError) in
                try right.withUnsafeBufferPointer { right throws(TemplateError) in
                    var compiler = Compiler(
                        source, Lexer(bytes, left: left, right: right), name: name, functions: functions,
                        delimiters: Problem.Delimiters(left: ByteString(left), right: ByteString(right)),
                        limits: options.limits)
                    compiler.unknownFunctions = unknownFunctions
                    defer { unknownFunctions = compiler.unknownFunctions }
                    return try compiler.compile()
                }
            }
        }
        storage = Storage(program, options.limits)
        body = program.main
    }

    /// Executes the template with `dot`, appending what it writes to `output`; after an error, `output`
    /// holds what was written before it. Functions find `userData` in their arguments. `limits` stand in for those
    /// that the template was parsed with.
    public func render(
        _ dot: Value = .invalid, userData: AnyObject? = nil, limits: Limits? = nil, into output: inout [UInt8]
    ) throws(TemplateError) {
        if let failure = execute(dot, userData, limits, output: &output, sink: nil, note: nil) { throw failure }
    }

    /// What can be noted while a template is rendered.
    package enum Trace {
        /// What is executed.
        case execution(ExecutionTrace)
        /// Where the output comes from; the source is called `name`, and `dot` comes from there.
        case origins(OriginTrace, name: ByteString, dot: Provenance)
    }

    /// As `render(_:userData:limits:into:)`; the first few places that wrote `<no value>` are noted, and in `trace` what it
    /// is for.
    package func render(
        _ dot: Value, userData: AnyObject?, limits: Limits, into output: inout [UInt8], trace: Trace? = nil,
        note: (AbsentValue) -> Void
    ) throws(TemplateError) {
        let failure = withoutActuallyEscaping(note) { note in
            execute(dot, userData, limits, output: &output, sink: nil, note: note, trace: trace)
        }
        if let failure { throw failure }
    }

    /// As `render(_:userData:limits:into:)`, but hands the output to `sink` piece by piece, so that it need not be held
    /// in memory. After an error, the sink has got what was written before it.
    public func render(
        _ dot: Value = .invalid, userData: AnyObject? = nil, limits: Limits? = nil,
        to sink: (UnsafeBufferPointer<UInt8>) -> Void
    ) throws(TemplateError) {
        var rest: [UInt8] = []
        let failure = withoutActuallyEscaping(sink) { sink in
            execute(dot, userData, limits, output: &rest, sink: sink, note: nil)
        }
        rest.withUnsafeBufferPointer(sink)
        if let failure { throw failure }
    }

    private func execute(
        _ dot: Value, _ userData: AnyObject?, _ limits: Limits?, output: inout [UInt8],
        sink: ((UnsafeBufferPointer<UInt8>) -> Void)?, note: ((AbsentValue) -> Void)?, trace: Trace? = nil
    ) -> TemplateError? {
        let program = storage.program
        return program.withTables { tables -> TemplateError? in
            var executor = Executor(
                program, tables, limits ?? storage.limits, body: body, userData: userData)
            executor.sink = sink
            executor.exchangeOutput(&output)
            defer {
                executor.exchangeOutput(&output)
                if let note { for node in executor.absences { note(program.absentValue(at: node)) } }
            }
            do throws(Problem) {
                let dot = dot.isAbsent ? .invalid : dot
                switch trace {
                case .execution(let trace) where trace.fits(program): try executor.run(dot, Recording(trace))
                case .origins(let trace, let name, let provenance):
                    trace.output = nil
                    let number = trace.number(of: program, named: name)
                    try executor.run(dot, OriginTracer(trace, program, template: number, dot: provenance))
                case .execution, nil: try executor.run(dot, Untraced())
                }
                return nil
            } catch {
                return program.error(error, body: executor.body, node: executor.currentNode)
            }
        }
    }
}
