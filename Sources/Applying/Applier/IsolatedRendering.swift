import Configuration
import KeyValue
import Rendering

/// What a template gives in a test.
package struct IsolatedRendering {
    /// Why there is no content, as people read it.
    package struct Failure: Error {
        package let text: String

        package init(text: String) { self.text = text }
    }

    package let content: Result<[UInt8], Failure>
    /// What is odd about it.
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
        let content = result.content.mapError { IsolatedRendering.Failure(text: $0.text(of: resource)) }
        return IsolatedRendering(content: content, warnings: result.warnings, secrets: result.secrets)
    }
}

extension StepFailure {
    /// The message, the line with a caret and the hint.
    fileprivate func text(of resource: Resource) -> String {
        let lines = (diagnosis?.excerpt ?? "").split(separator: "\n").map(String.init)
        return (["\(resource.name): \(message)"] + lines + (hint.map { ["hint: \($0)"] } ?? [])).joined(separator: "\n")
    }
}
