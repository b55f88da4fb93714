import Backends
import Configuration
import Posix
import Rollout

extension Preflight {
    /// Whether the keys of rollouts may be written, a line for each resource that has one; returns the exit code. Nothing is
    /// written.
    func checkRollouts(_ resources: [Resource]) -> Int32 {
        resources.map { resource in resource.rollout.map { check($0, of: resource) } ?? ExitCode.done }.max()
            ?? ExitCode.done
    }

    private func check(_ definition: RolloutDefinition, of resource: Resource) -> Int32 {
        let backend = resource.layers[0].backend
        let keys = definition.keys(of: resource.name)
        do {
            guard let store = try backends.backend(for: backend) as? any TransactingBackend else {
                preconditionFailure("only backends that take rollouts have some")
            }
            // A condition that is never met: nothing is written, but the store checks the user's permissions.
            var transaction = Transaction()
            transaction.require(keys.memberKey(of: "host"), .max)
            transaction.change(.put(keys.memberKey(of: "host"), value: []))
            _ = try store.commit(transaction, timeout: settings.preflightTimeout, cancellation: Cancellation())
            logger.info("\(resource.name): rollout: \(keys.path) may be written", resource)
            return ExitCode.done
        } catch let error as BackendError {
            logger.error("\(resource.name): rollout: \(error.message)", error.logFields(backend))
            return ExitCode.backend
        } catch {
            logger.error("\(resource.name): rollout: \(error)", resource)
            return ExitCode.failed
        }
    }
}
