import KeyValue
import TextTemplate

/// `include`: renders another template of the directory on its own; its dot is the optional second argument.
enum IncludeFunction {
    static let table: [String: Function] = [
        "include": Function([.string], variadic: .any, body: include)
    ]

    @Sendable private static func include(_ arguments: Arguments) throws(FunctionError) -> Value {
        let context = arguments.rendering
        let name = arguments.string(0)
        let (path, template, source) = try find(name, in: context)
        context.openIncludes.append(path)
        context.openSources.append(source)
        defer {
            context.openIncludes.removeLast()
            context.openSources.removeLast()
        }

        var output: [UInt8] = []
        do {
            try template.render(
                arguments.count > 1 ? arguments[1] : .nilInterface, userData: context, limits: context.limits,
                into: &output, trace: context.recording?.traceOfInclude(template, at: path), note: context.noteAbsent)
        } catch {
            let failure = Failure.include(.failed("execute include", name: name, error.description))
            throw FunctionError(failure.message, hint: error.hint, quotation: error.quotation)
        }
        return .string(ByteString(output))
    }

    /// The template that may be included under a name.
    private static func find(
        _ name: ByteString, in context: RenderingContext
    ) throws(FunctionError) -> (path: ByteString, Template, source: ByteString) {
        do throws(FunctionError) {
            let path = try resolve(name, in: context)
            let (template, source) = try load(path, name: name, in: context)
            return (path, template, source)
        } catch {
            // A name without a file that is in none of the open templates' texts may be a key's value.
            let isWritten = context.openSources.contains { $0.text.contains(text: name.text) }
            if !isWritten {
                let copy = ByteString(name.array)
                context.quotations.append(Quotation(data: copy, phrase: copy, masked: "…"))
            }
            throw error
        }
    }

    /// The path of the template, if it may be included here.
    private static func resolve(
        _ name: ByteString, in context: RenderingContext
    ) throws(FunctionError) -> ByteString {
        let folder = context.environment.templateFolder.array
        let path = ByteString(Path.join([folder, name.array]))
        guard path.hasPrefix(ByteString(folder + [UInt8(ascii: "/")])) else {
            throw FunctionError(.include(.outsideFolder(name)))
        }
        if context.openIncludes.contains(path) { throw FunctionError(.include(.cycle(path))) }
        if context.openIncludes.count == Failure.deepestInclude { throw FunctionError(.include(.tooDeep)) }
        context.noteInclude(path)
        return path
    }

    private static func load(
        _ path: ByteString, name: ByteString, in context: RenderingContext
    ) throws(FunctionError) -> (Template, source: ByteString) {
        let source: ByteString
        do {
            source = try context.environment.template(at: path)
        } catch {
            switch error {
            case .outsideFolder: throw FunctionError(.include(.outsideFolder(name)))
            case .unreadable(let cause): throw FunctionError(.include(.failed("include", name: name, cause)))
            }
        }
        do {
            return (try context.includes.template(source, at: path), source)
        } catch {
            throw FunctionError(
                .include(.failed("parse include", name: name, error.description)),
                hint: error.hint.map { "\(error.name):\(error.line):\(error.column): \($0)" })
        }
    }
}
