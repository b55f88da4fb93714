import KeyValue
import Posix
import Rendering
import Synchronization
import TextTemplate

/// Renders the templates of resources. A template is parsed anew only when its bytes have changed.
package final class ResourceRenderer: Sendable {
    private let environment: TemplateEnvironment
    private let renderer = Renderer()
    private let compiled = Mutex<[Key: Entry]>([:])

    /// What a parsed template depends on beside its text.
    private struct Key: Hashable {
        let path: String
        let leftDelimiter: String
        let rightDelimiter: String
    }

    private struct Entry {
        let source: ByteString
        let template: CompiledTemplate
    }

    /// Stack for one rendering: the engine itself does not recurse, but values nest up to 10,000 deep and are printed and
    /// freed level by level, and ten templates may include each other. Memory is taken as it is used.
    private static let stackSize = 64 << 20

    /// The time that one rendering may take.
    private static let timeLimit = Duration.seconds(60)

    package init(_ settings: Settings) {
        environment = TemplateEnvironment(templateFolder: "\(settings.confdir)/templates")
    }

    /// What the template of `resource` makes of `snapshot`, and what it looked at.
    ///
    /// A template that was changed and no longer parses is told to `report`, nil once it does; its last good version
    /// serves meanwhile.
    func render(_ resource: Resource, _ snapshot: Snapshot, report: (String?) -> Void) -> Rendition {
        let log = SourceLog()
        log.note(resource.source)
        var reads: ReadSet?
        let result = Result { () throws(StepFailure) in
            let source = try read(resource)
            let template = try template(source, resource, report)
            let environment = environment.noting(in: log)
            let rendered = try onLargeStack(resource) {
                renderer.render(template, over: snapshot, in: environment, limits: Self.limits())
            }
            reads = rendered.reads
            if let failure = rendered.failure {
                throw diagnosis(of: failure, resource, source, quotedData: rendered.quotedData)
            }
            return rendered.output
        }
        return Rendition(result: result, inputs: Inputs(reads: reads, sources: log.sources))
    }

    /// The engine's limits, with a deadline from now.
    private static func limits() -> Limits {
        let deadline = Clock.monotonic() + timeLimit
        var limits = Limits()
        limits.isPastDeadline = { Clock.monotonic() > deadline }
        return limits
    }

    private func read(_ resource: Resource) throws(StepFailure) -> ByteString {
        do {
            return ByteString(try Files.read(resource.source))
        } catch {
            throw StepFailure("Missing template: \(error.message)")
        }
    }

    private func onLargeStack<Value>(_ resource: Resource, _ body: () -> Value) throws(StepFailure) -> Value {
        do {
            return try Thread.run(stackSize: Self.stackSize, body)
        } catch {
            throw StepFailure("\(resource.name): no thread to render on: \(error.message)")
        }
    }

    private func template(
        _ source: ByteString, _ resource: Resource, _ report: (String?) -> Void
    ) throws(StepFailure) -> CompiledTemplate {
        let key = Key(
            path: resource.source, leftDelimiter: resource.leftDelimiter, rightDelimiter: resource.rightDelimiter)
        let known = compiled.withLock { $0[key] }
        if let known, known.source == source {
            report(nil)
            return known.template
        }
        do {
            let template = try parse(source, resource)
            compiled.withLock { $0[key] = Entry(source: source, template: template) }
            report(nil)
            return template
        } catch {
            let failure = diagnosis(of: error, resource, source, quotedData: [])
            guard let known else { throw failure }
            report(failure.message)
            return known.template
        }
    }

    private func parse(_ source: ByteString, _ resource: Resource) throws(TemplateError) -> CompiledTemplate {
        var options = Template.Options()
        options.leftDelimiter = Array(resource.leftDelimiter.utf8)
        options.rightDelimiter = Array(resource.rightDelimiter.utf8)
        return try CompiledTemplate(source, name: Files.split(resource.source).name, options: options)
    }

    /// Go's words, then the place in the template's file. Data that the words quote is left out, for it may be a
    /// value, unless the template itself says it.
    private func diagnosis(
        of error: TemplateError, _ resource: Resource, _ source: ByteString, quotedData: [ByteString]
    ) -> StepFailure {
        let diagnostic = Diagnostic(error, path: resource.source, source: source)
        var text = "\(error.description.text)\n\(diagnostic.text.text.dropLast())"
        for data in quotedData.map(\.text) where !data.isEmpty && !source.text.contains(data) {
            text = text.replacing(data, with: "…")
        }
        return StepFailure(text)
    }
}

/// What became of a rendering, and what it was made from.
struct Rendition {
    let result: Result<[UInt8], StepFailure>
    let inputs: Inputs
}
