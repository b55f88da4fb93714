import Appliers
import Configuration
import Staging

// `[template.apply]`: the file lists the servers of a running balancer.
extension Applier {
    /// The servers that `content` lists; nil for a resource without a balancer. Throws for content that is no list, or that
    /// lists servers which this balancer cannot have: it is not installed.
    func servers(_ content: [UInt8], _ resource: Resource) throws(StepFailure) -> [DesiredServer]? {
        guard let apply = resource.apply else { return nil }
        let servers: [DesiredServer]
        do throws(DesiredServersError) {
            servers = try DesiredServers(parsing: content).servers
        } catch {
            throw .servers(error, destination: resource.destination)
        }
        // What this balancer cannot have is left to `reload_cmd` then.
        if apply.fallsBack { return servers }
        do throws(ApplierError) {
            try apply.target.makeDriver().check(servers)
            return servers
        } catch {
            throw .balancer(error)
        }
    }

    /// The reload that the resource of `file` owes once that is in place, nil if it has none. `isMarked` says whether one is
    /// owed from before.
    ///
    /// A balancer is compared whether or not a reload is owed, because it may have been restarted meanwhile. The command in its
    /// place (`fallback`) runs only if one is.
    func owedReload(
        _ file: RenderedFile, _ destination: Destination, source: String, isNew: Bool, isMarked: Bool = true
    ) throws(StepFailure) -> Reload? {
        let resource = file.resource
        var command = try reload(resource, destination, source: source, file.changes, isNew: isNew)
        command?.isOnTrial = resource.rollout != nil && !file.isRollback
        guard resource.apply != nil, let servers = file.servers, !settings.syncOnly else { return command }
        return Reload(
            resource: resource, action: .apply(servers), field: resource.reloadField,
            environment: commandEnvironment(resource, source: source, file.changes), changes: file.changes,
            change: command?.change ?? (isNew ? changeNumbers.next() : 0), isMarked: isMarked,
            fallback: command.map { Reload.Fallback(action: $0.action, field: $0.field) })
    }

    /// `-noop`: the balancer is not even asked.
    func noteNoop(_ file: RenderedFile) {
        guard let apply = file.resource.apply, let servers = file.servers else { return }
        logger.warning(
            "Noop mode enabled. \(apply.target.subject) will not be compared with the \(servers.count) servers of "
                + file.resource.destination, file.resource)
    }

    /// Logs why the servers of a balancer are not as they are desired.
    package func logFailure(_ error: ApplierError, of reload: Reload?, _ resource: Resource) {
        metrics.countCommand("apply", resource, succeeded: false)
        log(.apply(error), of: resource, change: reload?.change ?? 0)
    }

    /// Logs that the servers of a balancer are as they are desired, again or for the first time; a file that was replaced has a
    /// line of its own.
    package func logEqual(_ resource: Resource, servers: Int, isNew: Bool) {
        metrics.countCommand("apply", resource, succeeded: true)
        guard !isNew, let apply = resource.apply else { return }
        let servers = "\(servers) \(servers == 1 ? "server" : "servers")"
        logger.info("\(resource.name): \(apply.target.subject) has the \(servers) of \(resource.destination)", resource)
    }
}
