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

    /// Stack for one rendering: 100,000 templates may call each other, as in Go. Memory is taken as it is used.
    private static let stackSize = 1 << 30

    /// The time that one rendering may take.
    private static let timeLimit = Duration.seconds(60)

    package init(_ settings: Settings) {
        environment = TemplateEnvironment(templateFolder: "\(settings.confdir)/templates")
    }

    /// What the template of `resource` makes of `snapshot`.
    func render(_ resource: Resource, _ snapshot: Snapshot) throws(StepFailure) -> [UInt8] {
        let source: ByteString
        do {
            source = ByteString(try Files.read(resource.source))
        } catch {
            throw StepFailure("Missing template: \(error.message)")
        }
        let result: Result<Rendered, TemplateError>
        do {
            result = try Thread.run(stackSize: Self.stackSize) {
                Result { () throws(TemplateError) in
                    renderer.render(
                        try template(source, resource), over: snapshot, in: environment, limits: Self.limits())
                }
            }
        } catch {
            throw StepFailure("\(resource.name): no thread to render on: \(error.message)")
        }
        switch result {
        case .failure(let error): throw diagnosis(of: error, resource, source, quotedData: [])
        case .success(let rendered):
            if let failure = rendered.failure {
                throw diagnosis(of: failure, resource, source, quotedData: rendered.quotedData)
            }
            return rendered.output
        }
    }

    /// The engine's limits, with a deadline from now.
    private static func limits() -> Limits {
        let deadline = Clock.monotonic() + timeLimit
        var limits = Limits()
        limits.isPastDeadline = { Clock.monotonic() > deadline }
        return limits
    }

    private func template(_ source: ByteString, _ resource: Resource) throws(TemplateError) -> CompiledTemplate {
        let key = Key(
            path: resource.source, leftDelimiter: resource.leftDelimiter, rightDelimiter: resource.rightDelimiter)
        if let entry = compiled.withLock({ $0[key] }), entry.source == source { return entry.template }
        var options = Template.Options()
        options.leftDelimiter = Array(resource.leftDelimiter.utf8)
        options.rightDelimiter = Array(resource.rightDelimiter.utf8)
        let template = try CompiledTemplate(source, name: Files.split(resource.source).name, options: options)
        compiled.withLock { $0[key] = Entry(source: source, template: template) }
        return template
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
