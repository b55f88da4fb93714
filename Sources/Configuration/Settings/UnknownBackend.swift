import Backends
import Diagnostics

/// A name that is not one of a backend that is built.
package struct UnknownBackend: Equatable, Sendable {
    package let name: String
    /// Whether confd 0.17 or its fork has such a backend.
    package let isUnbuilt: Bool
    /// The nearest backend that is built.
    package let suggestion: String?

    /// Nil if `name` is one of a backend that is built.
    init?(_ name: String) {
        guard BackendRegistry.kind(named: name) == nil else { return nil }
        self.name = name
        isUnbuilt = BackendRegistry.unbuiltNames.contains(name)
        suggestion = isUnbuilt ? nil : Suggestion.nearest(to: name, among: BackendRegistry.names)
    }
}
