import Backends
import Configuration
import Synchronization

/// Opens backends, one for each distinct configuration.
package final class BackendPool: Sendable {
    private let context: BackendContext
    private let opened = Mutex<[BackendConfiguration: any Backend]>([:])

    /// `environment` is what the env backend reads, once; `warn` takes the warnings of backends.
    package init(
        environment: @autoclosure @escaping @Sendable () -> [(name: [UInt8], value: [UInt8])],
        warn: @escaping @Sendable (String) -> Void
    ) {
        context = BackendContext(environment: environment, warn: warn)
    }

    /// The backend of `configuration`.
    package func backend(for configuration: BackendConfiguration) throws(BackendError) -> any Backend {
        if let backend = opened.withLock({ $0[configuration] }) { return backend }
        let backend = try configuration.kind.open(configuration.options, in: context)
        opened.withLock { $0[configuration] = backend }
        return backend
    }
}
