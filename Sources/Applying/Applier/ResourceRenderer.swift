import Configuration
import Diagnostics
import KeyValue
import Posix
import Rendering
import Staging
import Synchronization
import TextTemplate

/// Renders the templates of resources. A template is parsed anew only when its bytes have changed.
package final class ResourceRenderer: Sendable {
    package let environment: TemplateEnvironment
    private let renderer = Renderer()
    /// Whether `<no value>` in a file is an error.
    private let isStrict: Bool
    private let compiled = Mutex<[Key: Entry]>([:])

    /// What a parsed template depends on beside its text.
    private struct Key: Hashable {
        let path: String
        let leftDelimiter: String
        let rightDelimiter: String

        init(_ resource: Resource) {
            path = resource.source
            leftDelimiter = resource.leftDelimiter
            rightDelimiter = resource.rightDelimiter
        }
    }

    private struct Entry {
        let source: ByteString
        let template: CompiledTemplate
    }

    /// The stack that `render` needs: the engine itself does not recurse, but values nest up to 10,000 deep and are
    /// printed and freed level by level, and ten templates may include each other. Memory is taken as it is used.
    package static let stackSize = max(8 << 20, MemoryLimit.bounded(64 << 20, to: 4))

    /// How many threads with such a stack may run beside the first: up to `count`, and where memory is limited, what fits into
    /// an eighth of it.
    package static func threads(_ count: Int, of limit: Int? = MemoryLimit.current) -> Int {
        min(count, MemoryLimit.bounded(.max, to: 8, of: limit) / stackSize)
    }

    package init(_ settings: Settings) {
        isStrict = settings.strict
        environment = TemplateEnvironment(
            templateFolder: "\(settings.confdir)/templates", identityFile: settings.ageIdentity)
    }

    /// Renders the template of `resource` over `snapshot`, and notes what it read. To be called on a thread with a
    /// stack of `stackSize`.
    ///
    /// If the template was changed and does not parse any more, its last good version is rendered and `report` gets the
    /// failure; nil if there is none. `isUnwanted` is polled once it takes long, and ends it. With `isolation` it
    /// depends on nothing of this machine. `store` has the keys that `snapshot` is a view of, to tell why it has none.
    func render(
        _ resource: Resource, _ snapshot: Snapshot, _ health: (any HealthSource)?, item: ItemRecord? = nil,
        store: Snapshot? = nil, isUnwanted: @escaping @Sendable () -> Bool, isolation: Isolation? = nil,
        report: (StepFailure?, Inputs) -> Void
    ) -> RenderResult {
        let log = SourceLog()
        log.note(resource.source)
        var reads: ReadSet?
        var readsHealth = false
        var warnings: [RenderWarning] = []
        var secrets: Set<ByteString> = []
        let content = Result { () throws(StepFailure) in
            let entry = try template(of: resource, log) { failure in
                report(failure, failure == nil ? Inputs() : Inputs(sources: log.sources))
            }
            let environment: any Rendering.Environment = isolation?.environment ?? environment.noting(in: log)
            let rendered = renderer.render(
                entry.template, over: snapshot, in: environment, limits: TemplateLimits.fromNow(isUnwanted),
                health: health, item: item, recording: isolation?.recording.map { ($0, resource.source) })
            reads = rendered.reads
            readsHealth = rendered.readsHealth
            secrets = rendered.secrets
            if let failure = rendered.failure {
                throw diagnosis(
                    of: failure, resource, entry.source, quotations: rendered.quotations,
                    advice: rendered.keyAtFault.map { key in
                        (key, snapshot.isEmpty ? whyEmpty(resource, store) : nil)
                    })
            }
            if isStrict, let first = rendered.absentValues.first {
                throw .absentValue(first, template: resource.source)
            }
            warnings = RenderWarning.all(of: rendered, resource)
            return rendered.output
        }
        return RenderResult(
            content: content,
            inputs: Inputs(
                reads: reads, readsHealth: readsHealth, readsIndex: item?.readsIndex ?? false, sources: log.sources,
                ofThisHost: log.ofThisHost),
            warnings: warnings, secrets: secrets.map(\.array))
    }

    /// Parses the template of `resource` if none is known yet and nobody is writing it. What is wrong with it is reported
    /// by `render`.
    func prepare(_ resource: Resource) {
        let key = Key(resource)
        guard compiled.withLock({ $0[key] == nil }), let source = try? readStable(resource),
            let template = try? parse(source, resource)
        else { return }
        compiled.withLock { $0[key] = Entry(source: source, template: template) }
    }

    /// What is wrong with the template of `resource` whatever the keys are, nil if nothing is.
    func problem(of resource: Resource) -> StepFailure? {
        let key = Key(resource)
        if compiled.withLock({ $0[key] != nil }) { return nil }
        do throws(StepFailure) {
            let source = try read(resource)
            let template = try parse(source, resource)
            compiled.withLock { $0[key] = Entry(source: source, template: template) }
            return nil
        } catch {
            return error
        }
    }

    private func template(
        of resource: Resource, _ log: SourceLog, _ report: (StepFailure?) -> Void
    ) throws(StepFailure) -> Entry {
        let key = Key(resource)
        let known = compiled.withLock { $0[key] }
        do throws(StepFailure) {
            let source: ByteString
            if let known {
                guard let stable = try readStable(resource) else {
                    // Don't wait for the writer; marking the source unknown makes the next check re-render.
                    log.markUnknown(resource.source)
                    return known
                }
                source = stable
            } else {
                source = try read(resource)
            }
            if let known, known.source == source {
                report(nil)
                return known
            }
            let new = Entry(source: source, template: try parse(source, resource))
            compiled.withLock { $0[key] = new }
            report(nil)
            return new
        } catch {
            guard let known else { throw error }
            report(error)
            return known
        }
    }

    private func read(_ resource: Resource) throws(StepFailure) -> ByteString {
        do {
            return ByteString(try Files.readWhenStable(resource.source, limit: FileLimit.template))
        } catch {
            throw .missingTemplate(error)
        }
    }

    /// nil while somebody is writing it.
    private func readStable(_ resource: Resource) throws(StepFailure) -> ByteString? {
        do {
            return try Files.readStable(resource.source, limit: FileLimit.template).map { ByteString($0) }
        } catch {
            throw .missingTemplate(error)
        }
    }

    private func parse(_ source: ByteString, _ resource: Resource) throws(StepFailure) -> CompiledTemplate {
        var options = Template.Options()
        options.leftDelimiter = Array(resource.leftDelimiter.utf8)
        options.rightDelimiter = Array(resource.rightDelimiter.utf8)
        do {
            return try CompiledTemplate(source, name: Files.split(resource.source).name, options: options)
        } catch {
            throw diagnosis(of: error, resource, source, quotations: [])
        }
    }

    /// Go's words, with the place in the template's file and the line there. Data that the words quote may be a value, and is
    /// left out unless the template's text contains it.
    private func diagnosis(
        of error: TemplateError, _ resource: Resource, _ source: ByteString, quotations: [Quotation],
        advice: (key: ByteString, whyEmpty: String?)? = nil
    ) -> StepFailure {
        let hidden = quotations.filter { !$0.data.isEmpty && !source.text.contains(text: $0.data.text) }
        func hiding(_ text: String) -> String {
            hidden.reduce(text) { $0.replacing(text: $1.phrase.text, with: $1.masked.text) }
        }
        let excerpt = source.withBytes { Excerpt.text(of: $0, line: error.line, column: error.column) } + "\n"
        let key = advice?.key
        let unseen = key.flatMap { outside($0, resource) }
        // Where there are no keys at all, the nearest one cannot be named.
        let hint = advice?.whyEmpty.map { unseen ?? $0 } ?? error.hint ?? unseen
        return .template(
            StepFailure.Diagnosis(
                place: StepFailure.Place(file: resource.source, line: error.line, column: error.column),
                reason: hiding(error.reason.text), hint: hint.map(hiding), excerpt: hiding(excerpt), key: key?.text))
    }

    /// Why the template of `resource` sees no keys.
    private func whyEmpty(_ resource: Resource, _ store: Snapshot?) -> String {
        if resource.ranges.isEmpty { return "the resource has no keys = […], so its template sees none" }
        let paths = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }.joined(separator: ", ")
        guard let store else { return "there is no key below \(paths)" }
        if !store.view(of: resource.ranges, strippingPrefix: resource.prefix).isEmpty {
            return "health checks hide all keys below \(paths)"
        }
        let near = resource.ranges.lazy.compactMap { NearKeys.path(near: $0.path, in: store) }.first
        if let near {
            return "there is no key below \(paths): did you mean \"\(String(decoding: near, as: UTF8.self))\"?"
        }
        let prefix = String(decoding: resource.prefix, as: UTF8.self)
        let source = prefix.isEmpty || prefix == "/" ? "" : ", with the prefix \"\(prefix)\""
        return "there is no key below \(paths)\(source): confd -preflight says what there is"
    }

    /// What to do about a key that `resource` does not show its template; nil if it would.
    private func outside(_ key: ByteString, _ resource: Resource) -> String? {
        let whole = Path.join([resource.prefix, key.array])
        let isShown = whole.withUnsafeBufferPointer { whole in resource.ranges.contains { $0.contains(whole) } }
        if isShown || resource.ranges.isEmpty { return nil }
        let keys = resource.ranges.map { "\"\(String(decoding: $0.path, as: UTF8.self))\"" }.joined(separator: ", ")
        return "it is not below keys = [\(keys)]"
    }
}

/// What a template gave, and what it was made from.
struct RenderResult {
    let content: Result<[UInt8], StepFailure>
    let inputs: Inputs
    /// Warnings about the content, such as `<no value>`.
    let warnings: [RenderWarning]
    /// What values were decrypted to.
    let secrets: [[UInt8]]
}

/// A warning about what a template gave.
struct RenderWarning: Equatable {
    let text: String
    let hint: String
    /// Whether it is only for people who work on the template: generic templates may do so on purpose.
    var isForAuthors = false

    static func all(of rendered: RenderOutcome, _ resource: Resource) -> [RenderWarning] {
        let absences = rendered.absentValues.map {
            RenderWarning(text: StepFailure.text(of: $0, in: resource.source), hint: StepFailure.absenceHint)
        }
        return absences + rendered.remarks.map { RenderWarning($0, resource) }
    }

    private init(text: String, hint: String) {
        self.text = text
        self.hint = hint
    }

    private init(_ remark: RenderRemark, _ resource: Resource) {
        switch remark {
        case .lookupFailed(let name):
            text =
                "\(resource.name): the look-up of \"\(name.text)\" was not answered, so its template got an empty list"
            hint = "is there a name server? /etc/resolv.conf names them"
        case .withoutSlash(let path):
            text = "\(resource.name): nothing is at \"\(path.text)\", which begins without a slash"
            hint = "write \"/\(path.text)\""
        case .listsValue(let key):
            text =
                "\(resource.name): its template lists what is below \"\(key.text)\", which is a value, not a directory"
            hint = "getv \"\(key.text)\" gives the value"
            isForAuthors = true
        }
    }
}
