import Backends

/// A backend and its options: resources with equal ones share one backend, and one snapshot a pass.
package struct BackendConfiguration: Sendable {
    package let kind: any BackendKind
    /// The given options that `kind` reads.
    package let options: BackendOptions

    /// A backend of `kind`. Of `options`, those of other backends are left out; `name` is the name by which it was chosen.
    package init(kind: any BackendKind, named name: String, options: BackendOptions) {
        self.kind = kind
        var options = options.only(kind.options)
        kind.complete(&options, for: name)
        self.options = options
    }

    /// The backend's name, for logs and metrics.
    package var name: String { kind.name }

    /// Endpoints or files, for logs and metrics.
    package var sources: [String] { kind.sources(of: options) }
}

extension BackendConfiguration: Hashable {
    package static func == (left: BackendConfiguration, right: BackendConfiguration) -> Bool {
        left.name == right.name && left.options == right.options
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(options)
    }
}
