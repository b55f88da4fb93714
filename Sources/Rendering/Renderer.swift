import JSON
import KeyValue
import TextTemplate

/// A template that was parsed and can be rendered over any snapshot.
package struct CompiledTemplate: Sendable {
    let template: Template

    /// Parses `source`; `name` is what errors call it. The delimiters can be set in `options`.
    package init(
        _ source: ByteString, name: String, options: Template.Options = Template.Options()
    ) throws(TemplateError) {
        do {
            template = try Template(source, name: name, functions: FunctionTable.all, options: options)
        } catch {
            throw error.withDialectHint
        }
    }

    /// Parses `source` with the functions of `table`.
    init(_ source: ByteString, name: String, table: [String: Function]) throws(TemplateError) {
        template = try Template(source, name: name, functions: table)
    }

    /// Every error of `source` that shows without rendering it; see `Template.check`.
    package static func check(
        _ source: ByteString, name: String, options: Template.Options = Template.Options()
    ) -> [TemplateError] {
        Template.check(source, name: name, functions: FunctionTable.all, options: options).map(\.withDialectHint)
    }

    /// The keys and patterns that stand in it as texts, in the order of the source.
    package var literalKeys: [LiteralKey] {
        template.literalCalls.compactMap { call in
            guard let kind = LiteralKey.Kind(function: call.function.text) else { return nil }
            return LiteralKey(
                kind: kind, key: call.argument, hasDefault: kind == .value && call.hasMore, line: call.line,
                column: call.column)
        }
    }
}

/// A key that a template names as a text.
package struct LiteralKey: Sendable {
    /// What is asked for.
    package enum Kind: Sendable {
        /// The value of the key, or whether it is there.
        case value
        /// Keys that match, or names below a path.
        case several

        fileprivate init?(function: String) {
            switch function {
            case "getv", "get", "exists", "cgetv", "cget", "decrypt": self = .value
            case "gets", "getvs", "cgets", "cgetvs", "ls", "lsdir": self = .several
            default: return nil
            }
        }
    }

    package let kind: Kind
    package let key: ByteString
    /// Whether something else is taken where the key is missing.
    package let hasDefault: Bool
    /// Counted from 1; columns in bytes.
    package let line: Int
    package let column: Int
}

/// The result of a rendering.
package struct RenderOutcome: Sendable {
    /// The bytes that the template wrote; with a failure, before that.
    package let output: [UInt8]
    /// Why the template could not be executed to its end, nil if it was.
    package let failure: TemplateError?
    /// The data that the failure's text may quote: a program that logs the failure should leave out what the template
    /// itself does not contain.
    package let quotations: [Quotation]
    /// The key whose absence is the failure, or whose value a function could not use, if that is known.
    package let keyAtFault: ByteString?
    /// With `trial`: the keys that are missing and were read as empty, the first few of them.
    package let keysReadAsEmpty: [ByteString]
    /// The places that wrote `<no value>`, the first few of them.
    package let absentValues: [AbsencePlace]
    /// What is probably a mistake of the template, and no error; the first few.
    package let remarks: [RenderRemark]
    /// The parts of the snapshot that were read: a change elsewhere affects neither output nor failure.
    package let reads: ReadSet
    /// Whether it asked for the health of a key.
    package let readsHealth: Bool
    /// What encrypted values were decrypted to.
    package let secrets: Set<ByteString>
    /// The paths of the templates that were included or could not be.
    package let includes: [ByteString]
}

/// A place of a template that wrote `<no value>`, because its value is absent: a missing entry of a map, for example.
package struct AbsencePlace: Equatable, Sendable {
    /// The path of the included template, nil for the one that was rendered.
    package let path: ByteString?
    /// Counted from 1.
    package let line: Int
    /// The byte of the line, counted from 1.
    package let column: Int
    /// The node's text in the template.
    package let node: ByteString

    init(path: ByteString?, _ value: AbsentValue) {
        self.path = path
        (line, column, node) = (value.line, value.column, value.node)
    }
}

/// Renders templates, with the functions of confd.
package struct Renderer: Sendable {
    private let includes = IncludeCache(functions: FunctionTable.all)

    package init() {}

    /// For templates that include no others.
    static let plain = Renderer()

    /// Renders `template` over `snapshot`, on the calling thread: values that nest deeply need a large stack. `limits` hold for
    /// included templates too. `health` has the results of health checks. `item` is the template's dot, and its key counts as
    /// read. With `trial`, missing keys are empty, and without an item the trial's data is the dot. `recording` records the
    /// execution of the template, which is the file at `path`.
    package func render(
        _ template: CompiledTemplate, over snapshot: Snapshot, in environment: any Environment,
        limits: Limits = Limits(), health: (any HealthSource)? = nil, item: ItemRecord? = nil, trial: TrialData? = nil,
        recording: (recording: Recording, path: String)? = nil
    ) -> RenderOutcome {
        render(
            template, over: snapshot, in: environment, limits: limits, health: health,
            dot: item.map { .object($0) } ?? trial?.dot, key: item?.key, isTrial: trial != nil, recording: recording)
    }

    /// As above, with any dot, which was made from the value of `key`.
    func render(
        _ template: CompiledTemplate, over snapshot: Snapshot, in environment: any Environment,
        limits: Limits, health: (any HealthSource)? = nil, dot: Value?, key: ByteString? = nil, isTrial: Bool = false,
        recording: (recording: Recording, path: String)? = nil
    ) -> RenderOutcome {
        let context = RenderingContext(
            snapshot: snapshot, environment: environment, includes: includes, limits: limits)
        let itemKey = key.map { ItemKey(name: $0, hasValue: context.index(of: $0) != nil) }
        context.missingKeysAreEmpty = isTrial
        context.healthSource = health
        context.recording = recording?.recording
        let trace = recording.map {
            $0.recording.trace(of: template.template, at: ByteString($0.path), item: itemKey)
        }
        var output: [UInt8] = []
        var failure: TemplateError?
        do {
            try template.template.render(
                dot ?? .nilInterface, userData: context, limits: limits, into: &output, trace: trace,
                note: context.noteAbsent)
        } catch {
            failure = error
        }
        // Nothing else keeps the bytes of the snapshot alive that the template was given.
        return withExtendedLifetime(snapshot) {
            RenderOutcome(
                output: output, failure: failure,
                quotations: context.quotations + [failure?.quotation].compactMap { $0 },
                keyAtFault: failure == nil ? nil : context.keyAtFault, keysReadAsEmpty: context.keysReadAsEmpty,
                absentValues: context.absentValues.map { AbsencePlace(path: $0.path, $0.value) },
                remarks: context.remarks,
                reads: context.readSet, readsHealth: context.readsHealth, secrets: context.secrets,
                includes: context.includedPaths.sorted())
        }
    }
}

/// Data for trying templates without a backend (`-mock-data`).
package struct TrialData: Sendable {
    let dot: Value

    /// The object that `json` encodes; throws for any other value.
    package init(_ json: [UInt8]) throws(JSONError) {
        var document = JSONDocument()
        dot = try JSONValues.decode(ByteString(json), as: .object, in: &document)
    }
}
