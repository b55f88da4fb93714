import Configuration
import Diagnostics
import KeyValue
import Rendering

/// What a template gives in a test.
package struct IsolatedRendering {
    /// Why there is no content.
    package struct Failure: Error {
        /// One line.
        package let message: String
        /// The line of the template with a caret below it.
        package let excerpt: String?
        package let hint: String?

        package init(_ report: ErrorReport) {
            message = report.summary
            excerpt = report.excerpt
            hint = report.hint
        }

        /// All of it, as people read it.
        package var text: String {
            let lines = (excerpt ?? "").split(separator: "\n").map(String.init)
            return ([message] + lines + (hint.map { ["hint: \($0)"] } ?? [])).joined(separator: "\n")
        }
    }

    package let content: Result<[UInt8], Failure>
    /// Warnings about the content, such as `<no value>`.
    package let warnings: [String]
    /// What values were decrypted to.
    package let secrets: [[UInt8]]
}

extension ResourceRenderer {
    /// Renders the template of `resource` over `view`; an item is at `itemIndex` of all. To be called on a thread with a stack
    /// of `stackSize`.
    package func render(
        _ resource: Resource, itemIndex: Int = 0, _ view: Snapshot, _ health: (any HealthSource)?,
        _ isolation: Isolation
    ) -> IsolatedRendering {
        // Nothing was parsed before, so there is no earlier version of the template to fall back on.
        let result = render(
            resource, view, health, item: resource.itemRecord(over: view, index: itemIndex), isUnwanted: { false },
            isolation: isolation, report: { _, _ in })
        let content = result.content.mapError { IsolatedRendering.Failure($0, of: resource) }
        return IsolatedRendering(content: content, warnings: result.warnings.map(\.text), secrets: result.secrets)
    }
}

extension IsolatedRendering.Failure {
    fileprivate init(_ failure: StepFailure, of resource: Resource) {
        message = "\(resource.name): \(failure.message)"
        excerpt = failure.diagnosis?.excerpt
        hint = failure.hint
    }
}
