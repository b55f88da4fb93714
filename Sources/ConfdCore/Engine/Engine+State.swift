import Applying
import Configuration
import Posix

extension Engine {
    /// `-state-dir`; nil where it cannot be used: a warning if it is in use or was asked for, as the default may be missing.
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

    /// `-cache`; nil without one, and where it cannot be used, which is logged.
    static func cache(_ settings: Settings, _ logger: Logger) -> SnapshotCache? {
        guard let path = settings.cache else { return nil }
        do throws(SystemError) {
            return try SnapshotCache(path, logger)
        } catch {
            let mayBeForeign = error.code == Errno.notPermitted
            logger.error("-cache: \(error.message)" + (mayBeForeign ? ": other users may write there" : ""))
            return nil
        }
    }

    /// What keeps the keys that services may have.
    static func keeper(
        of directory: StateDirectory, _ logger: Logger
    ) -> @Sendable (Resource, Set<[UInt8]>) -> Void {
        { resource, keys in
            do throws(SystemError) {
                try directory.save(keys, of: resource)
            } catch {
                logger.warning("-state-dir: \(error.message)")
            }
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

    /// Opens the directory for guards in `-onetime`, which needs it for nothing else. With a daemon on this host it is only
    /// read, and in `-noop` too.
    func openStateDirectory() {
        guard mode == .once, !pass.hasOpenedState, let path = settings.stateDirectory else { return }
        pass.hasOpenedState = true
        if !settings.noop {
            do throws(StateDirectory.Problem) {
                let directory = try StateDirectory(path)
                records = RecordKeeper(directory)
                stateDirectory = directory
                return
            } catch  where error != .inUse {
                return logger.warning(error.message(path))
            } catch {}
        }
        do throws(SystemError) {
            stateDirectory = try StateDirectory(reading: path)
        } catch  where error.code == Errno.noSuchFile {
            // Nothing has been applied here yet.
        } catch {
            logger.warning("-state-dir: \(error.message): guards do not know what was applied last")
        }
    }

    /// Keeps what is known of a resource over a restart; `revision` is that of the keys that its file was written from just
    /// now, nil if it was not. The disk is waited for elsewhere.
    func keepRecord(of state: ResourceState, writtenFrom revision: Int64? = nil) {
        let resource = state.resource
        let guardState = state.guardState
        var record = ResourceRecord(resource: resource.name, destination: resource.destination)
        if let old = state.record, old.destination == record.destination {
            record.revision = old.revision
            record.changed = old.changed
        }
        if let revision {
            record.revision = revision
            record.changed = Clock.wall()
            state.recordIsOfFile = true
        }
        record.keys = guardState.applied?.counts
        record.heldSince = guardState.hold?.since
        record.heldOf = guardState.hold?.fileCount
        record.isReleased = guardState.hold?.isReleased ?? false
        state.record = record
        guard let records, records.put(record) else { return }
        workers.commands.run { [logger, requests] _ in
            do throws(SystemError) {
                try records.save(resource.name)
            } catch {
                logger.warning("-state-dir: \(error.message)")
            }
            // We may be waiting for this to end.
            requests.wake()
        }
    }

    /// Whether nothing waits to be saved.
    var recordsAreKept: Bool { records?.isIdle ?? true }
}

extension ResourceState {
    /// nil without a balancer, and until its servers are known.
    var balancerStatus: BalancerStatus? {
        guard let apply = resource.apply, let application else { return nil }
        return BalancerStatus(
            resource: resource.name, destination: resource.destination, balancer: apply.target.subject,
            servers: application.servers.count, leaving: application.leaving.count, isEqual: application.isEqual,
            obstacle: application.obstacle, isLeftToReload: application.isLeftToReload)
    }
}
