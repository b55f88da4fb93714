import Backends
import Configuration
import Posix
import Registration

extension Preflight {
    /// Whether the keys of services may be written, a line for each; returns the exit code. Nothing is written.
    func check(_ services: [ServiceDefinition]) -> Int32 {
        services.map(check).max() ?? ExitCode.done
    }

    private func check(_ definition: ServiceDefinition) -> Int32 {
        do {
            let service = try definition.evaluated()
            guard let store = try backends.backend(for: definition.backend) as? any LeasingBackend else {
                preconditionFailure("only backends that take registrations have services")
            }
            return log(try permission(for: service, store), definition, service)
        } catch let error as ServiceDefinition.Failure {
            logger.error("\(definition.name): \(error.message)")
            return ExitCode.failed
        } catch let error as BackendError {
            logger.error(error.message, error.logFields(definition.backend))
            return ExitCode.backend
        } catch {
            logger.error("\(definition.name): \(error)")
            return ExitCode.failed
        }
    }

    /// Asks for a deletion whose condition is never met: nothing is deleted, but the store checks the user's permissions.
    private func permission(for service: Service, _ store: any LeasingBackend) throws(SystemError) -> WriteOutcome {
        let nothing = StoredKey(value: [], version: .max, holder: .nobody)
        let write = LeasedWrite(key: service.key, value: nil, expected: nothing)
        let outcomes = store.write(
            [write], Lease(id: 1, seconds: service.seconds), timeout: settings.preflightTimeout,
            cancellation: try Cancellation())
        return outcomes[0]
    }

    private func log(_ outcome: WriteOutcome, _ definition: ServiceDefinition, _ service: Service) -> Int32 {
        let key = String(decoding: service.key, as: UTF8.self)
        switch outcome {
        case .put, .absent, .leaseEnded:
            logger.info("\(definition.name): \(key) may be written")
            return ExitCode.done
        case .found:
            logger.info("\(definition.name): \(key) may be written, and is there")
            return ExitCode.done
        case .refused(let error):
            logger.error("\(definition.name): \(key): \(error.message)", error.logFields(definition.backend))
            return ExitCode.backend
        case .failed(let error):
            logger.error(error.message, error.logFields(definition.backend))
            return ExitCode.backend
        }
    }
}
