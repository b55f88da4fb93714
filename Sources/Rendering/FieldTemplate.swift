import KeyValue
import TextTemplate

/// A template that is the value of a field in a resource file, such as `target` of a health check or `value` of a service.
package struct FieldTemplate: Equatable, Sendable {
    /// Which functions it can call.
    package enum Functions: Sendable {
        /// All that the templates of resources can.
        case all
        /// Those that need no keys, and `address`.
        case withoutKeys
    }

    /// The text as it stands in the file.
    package let text: String
    private let compiled: CompiledTemplate

    package static func == (left: FieldTemplate, right: FieldTemplate) -> Bool { left.text == right.text }

    /// Parses `text`; `field` is what errors call it.
    package init(_ text: String, field: String, functions: Functions) throws(TemplateError) {
        self.text = text
        compiled = try CompiledTemplate(
            ByteString(text), name: field, table: functions == .all ? FunctionTable.all : FunctionTable.withoutKeys)
    }

    /// Renders it with the pair of `key` and `value` as its dot, or without one. `snapshot` is what its functions read.
    package func render(
        over pair: (key: [UInt8], value: [UInt8])?, snapshot: Snapshot, in environment: any Environment,
        limits: Limits = Limits()
    ) -> RenderOutcome {
        let dot = pair.map { Value.pair(Pair(key: ByteString($0.key), value: ByteString($0.value))) }
        return Renderer.plain.render(compiled, over: snapshot, in: environment, limits: limits, dot: dot)
    }

    /// Renders it with `item` as its dot, for a template whose functions read no keys.
    package func render(over item: ItemRecord, in environment: any Environment) -> RenderOutcome {
        Renderer.plain.render(
            compiled, over: Snapshot([]), in: environment, limits: Limits(), dot: .object(item))
    }

    /// Why a rendering of this template failed, for the log; empty if it did not. Data that the error quotes is masked, unless
    /// the template itself contains it.
    package func reason(of outcome: RenderOutcome) -> String {
        let hidden = outcome.quotations.filter { !$0.data.isEmpty && !text.contains(text: $0.data.text) }
        return hidden.reduce(outcome.failure?.reason.text ?? "") { reason, quotation in
            reason.replacing(text: quotation.phrase.text, with: quotation.masked.text)
        }
    }
}
