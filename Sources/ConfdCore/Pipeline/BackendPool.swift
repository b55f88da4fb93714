import Backends
import HTTP
import Posix
import Synchronization

/// Makes backends from their configurations, one for each distinct configuration.
package final class BackendPool: Sendable {
    private let environment: [(name: [UInt8], value: [UInt8])]
    private let warn: @Sendable (String) -> Void
    private let made = Mutex<[BackendConfiguration: any Backend]>([:])

    /// `warn` takes what a backend has to say without failing.
    package init(
        environment: [(name: [UInt8], value: [UInt8])], warn: @escaping @Sendable (String) -> Void
    ) {
        self.environment = environment
        self.warn = warn
    }

    /// The backend of `configuration`.
    package func backend(for configuration: BackendConfiguration) throws(BackendError) -> any Backend {
        if let backend = made.withLock({ $0[configuration] }) { return backend }
        let backend = try make(configuration)
        made.withLock { $0[configuration] = backend }
        return backend
    }
}

extension BackendPool {
    private func make(_ configuration: BackendConfiguration) throws(BackendError) -> any Backend {
        throw BackendError(.configuration, "not there")
    }
}
