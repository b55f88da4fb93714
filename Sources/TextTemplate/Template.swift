/// A parsed template and the templates that it defines.
public struct Template: Sendable {
    /// How templates are read.
    public struct Options: Sendable {
        public var leftDelimiter: [UInt8] = Array("{{".utf8)
        public var rightDelimiter: [UInt8] = Array("}}".utf8)

        public init() {}
    }

    /// Parses `source`; `name` is what errors call the template (Go's `template.New(name)`).
    public init(
        _ source: ByteString, name: String, functions: [String: Function], options: Options = Options()
    ) throws(TemplateError) {
        throw TemplateError()
    }

    /// Executes the template with `dot`, appending what it writes to `output`; after an error, `output`
    /// holds what was written before it.
    public func render(_ dot: Value = .invalid, context: AnyObject? = nil, into output: inout [UInt8]) throws(TemplateError) {
        throw TemplateError()
    }
}

/// What went wrong in parsing or executing a template.
public struct TemplateError: Error, Sendable {
    public var message: ByteString { ByteString() }
}
