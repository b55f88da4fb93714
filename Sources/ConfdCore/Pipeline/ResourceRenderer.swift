import KeyValue
import Posix
import Rendering
import TextTemplate

/// Renders the template of a resource.
package final class ResourceRenderer: Sendable {
    package init(_ settings: Settings) {}

    /// What the template of `resource` makes of `snapshot`.
    func render(_ resource: Resource, _ snapshot: Snapshot) throws(StepFailure) -> [UInt8] {
        throw StepFailure("not there")
    }
}
