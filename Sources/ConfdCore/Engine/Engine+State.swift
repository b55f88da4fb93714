import Applying
import Configuration
import Posix

extension Engine {
    /// `-state-dir`. Without the right to make the default one, there is none, and only one that was asked for is missed.
    static func stateDirectory(_ settings: Settings, _ logger: Logger) -> StateDirectory? {
        guard let path = settings.stateDirectory else { return nil }
        do throws(StateDirectory.Problem) {
            return try StateDirectory(path)
        } catch {
            let isMissed = error == .inUse || settings.origins["state-dir"] != nil
            if isMissed { logger.warning(error.message(path)) } else { logger.debug(error.message(path)) }
            return nil
        }
    }

    /// Notes which leases hold registered keys. Rare, so that the disk is waited for here.
    static func keep(_ leases: Set<Int64>, _ directory: StateDirectory?, _ logger: Logger) {
        do throws(SystemError) {
            try directory?.save(leases: leases)
        } catch {
            logger.warning("-state-dir: \(error.message)")
        }
    }

    /// Notes that the file of a resource was replaced. The disk is waited for elsewhere: nothing else depends on it.
    func keepRecord(of state: ResourceState, revision: Int64) {
        let resource = state.resource
        let record = ResourceRecord(
            resource: resource.name, destination: resource.destination, revision: revision, changed: Clock.wall())
        state.record = record
        guard let stateDirectory else { return }
        workers.commands.run { [logger] _ in
            do throws(SystemError) {
                try stateDirectory.save(record)
            } catch {
                logger.warning("-state-dir: \(error.message)")
            }
        }
    }
}

extension ResourceState {
    /// How it is, for `confd status`.
    var status: ResourceStatus {
        let state: ResourceStatus.State =
            owedReload != nil ? .reloadOwed : isInStep ? .inSync : history.failure != nil ? .failed : .pending
        return ResourceStatus(
            name: resource.name, destination: resource.destination, state: state,
            revision: applied?.revision ?? record?.revision, changed: record?.changed, error: history.failure)
    }
}
