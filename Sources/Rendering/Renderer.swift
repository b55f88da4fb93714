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
        template = try Template(source, name: name, functions: FunctionTable.all, options: options)
    }

    /// Every error of `source` that shows without rendering it; see `Template.check`.
    package static func check(
        _ source: ByteString, name: String, options: Template.Options = Template.Options()
    ) -> [TemplateError] {
        Template.check(source, name: name, functions: FunctionTable.all, options: options)
    }
}

/// What became of a rendering.
package struct Rendered: Sendable {
    /// What the template wrote, in case of a failure before it.
    package let output: [UInt8]
    /// Why the template could not be executed to its end, nil if it was.
    package let failure: TemplateError?
    /// Data that the failure's text may quote, as it stands there: a program that logs the failure should leave out
    /// what the template does not itself contain.
    package let quotedData: [ByteString]
    /// The key whose absence is the failure, if it is.
    package let missingKey: ByteString?
    /// What was read of the snapshot: a change elsewhere makes no difference, not even to a failure.
    package let reads: ReadSet
    /// The paths of the templates that were included or could not be.
    package let includes: [ByteString]
}

/// Renders templates, with the functions of confd.
package struct Renderer: Sendable {
    private let includes = IncludeCache()

    package init() {}

    /// Renders `template` over `snapshot`, on the calling thread: deep templates need a large stack. `limits` hold for
    /// included templates too. With `trial`, its data is the template's dot, and keys that are missing are empty.
    package func render(
        _ template: CompiledTemplate, over snapshot: Snapshot, in environment: any Environment,
        limits: Limits = Limits(), trial: TrialData? = nil
    ) -> Rendered {
        let context = RenderingContext(
            snapshot: snapshot, environment: environment, includes: includes, limits: limits)
        context.missingKeysAreEmpty = trial != nil
        var output: [UInt8] = []
        var failure: TemplateError?
        do {
            try template.template.render(trial?.dot ?? .nilInterface, context: context, limits: limits, into: &output)
        } catch {
            failure = error
        }
        // The template was handed texts of the snapshot that nothing else keeps alive.
        return withExtendedLifetime(snapshot) {
            Rendered(
                output: output, failure: failure, quotedData: context.quotedData, missingKey: context.missingKey,
                reads: context.readSet, includes: context.includedPaths.sorted())
        }
    }
}

/// What templates are tried over where there are no keys yet.
package struct TrialData: Sendable {
    let dot: Value

    /// The object that `json` says. Throws if it says anything else.
    package init(_ json: [UInt8]) throws(JSONError) {
        var document = JSONDocument()
        dot = try JSONValues.decode(ByteString(json), as: .object, in: &document)
    }
}
