import Configuration
import Posix

extension Daemon {
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

    /// Notes that the file of `resource` was replaced. The disk is waited for elsewhere: nothing else depends on it.
    func keepRecord(of resource: Resource, revision: Int64) {
        guard let (record, directory) = records.noteChange(of: resource, revision: revision, at: Clock.wall()) else {
            return
        }
        commands.run { [logger] _ in
            do throws(SystemError) {
                try directory.save(record)
            } catch {
                logger.warning("-state-dir: \(error.message)")
            }
        }
    }

    /// How `entry` is, for `confd status`.
    func status(of id: Agenda.ID, _ entry: Entry) -> ResourceStatus {
        let resource = entry.resource
        let failure = pipeline.lastFailure(of: resource)
        let state: ResourceStatus.State =
            entry.reload != nil
            ? .reloadOwed : agenda[id]?.isInStep ?? false ? .inSync : failure != nil ? .failed : .pending
        let record = records.record(of: resource)
        return ResourceStatus(
            name: resource.name, destination: resource.destination, state: state,
            revision: entry.applied?.revision ?? record?.revision, changed: record?.changed, error: failure)
    }
}
