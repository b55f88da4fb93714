import Appliers
import Applying
import Configuration
import Posix

// Resources whose file lists the servers of a running balancer: their reload hands those to the session that keeps them, and is
// over when that says that they are as desired.
extension Engine {
    /// How long a balancer that is slow may keep us from ending, once we are asked to.
    private static let lastWait = Duration.seconds(2)

    /// What is to be run for the reload of a resource that was begun; nil if it was handed to a session, or could not be.
    func job(for state: ResourceState, at now: Duration) -> DueReload? {
        guard let due = state.dueReload, let servers = due.servers else { return state.dueReload }
        if let application = state.application, application.servers == servers {
            // Only the mark is left to remove.
            if application.isSettled, application.failure == nil { return due }
            if application.wantsReload, let fallback = due.fallback { return fallback }
        }
        handOver(servers, of: state, at: now)
        return nil
    }

    private func handOver(_ servers: [DesiredServer], of state: ResourceState, at now: Duration) {
        guard let definition = state.resource.apply else { preconditionFailure("only they have servers") }
        if mode == .once { pass.tally.note(.owed, of: state.id) }
        do throws(SystemError) {
            let generation = try balancers.desire(servers, of: state.id, definition)
            if state.application == nil {
                state.application = Application(
                    servers, generation: generation, isTriedOnce: mode == .once, at: now)
            } else {
                state.application?.handOver(servers, generation: generation, at: now)
            }
            table.update(state, at: now) { $0.reloaded(succeeded: true, at: now) }
        } catch {
            logger.error("\(state.resource.name): [template.apply] failed: \(error.message)", state.resource)
            table.update(state, at: now) { $0.reloaded(succeeded: false, at: now) }
        }
    }

    /// A session reports about the servers of a balancer.
    func take(_ status: ApplierStatus, of id: ResourceID, session: Int, at now: Duration) {
        guard balancers.isCurrent(id, session: session), let state = table[id] else { return }
        let resource = state.resource
        let reload = state.owedReload
        switch state.application?.take(status, fallback: fallback(of: state)) {
        case nil: break
        case .equal:
            applier.logEqual(resource, servers: state.application?.servers.count ?? 0, isNew: reload?.isNew ?? false)
            endReload(of: state, at: now)
        case .leftToReload: endReload(of: state, at: now)
        case .wantsReload: break
        case .failed(let error): applier.logFailure(error, of: reload, resource)
        }
    }

    /// Has the commands run that stand in for balancers, each once for all resources that want it; whether there are any. One
    /// waits until it is known whether others with the same command want it too, which takes no longer than an exchange.
    func beginFallbacks(at now: Duration) -> Bool {
        if isStopping { return false }
        let balancers = table.resources.filter { $0.resource.apply?.fallsBack == true }
        var hasBegun = false
        for state in balancers where mayBeginFallback(of: state) {
            let method = state.resource.reloadMethod
            let isUndecided = balancers.contains {
                $0.resource.reloadMethod == method && ($0.isRendering || $0.application?.isUndecided == true)
            }
            if isUndecided { continue }
            table.update(state, at: now) { $0.reloadAgain(at: now) }
            if state.isReloadDue { hasBegun = true }
        }
        return hasBegun
    }

    /// Whether the command is to be run, and nothing else comes first: a rendering after another definition, or the next try of
    /// one that has failed. `-onetime` tries it once.
    private func mayBeginFallback(of state: ResourceState) -> Bool {
        guard let application = state.application, application.wantsReload, !application.isSettled else { return false }
        return state.isScheduled && state.owedReload != nil && !state.isRunning && !state.isReloadDue
    }

    private func fallback(of state: ResourceState) -> Application.Fallback {
        guard state.resource.apply?.fallsBack == true else { return .none }
        guard let reload = state.owedReload, reload.isMarked, reload.fallback != nil else { return .done }
        return .owed
    }

    /// Has the mark taken away, unless other servers are owed by now.
    private func endReload(of state: ResourceState, at now: Duration) {
        guard let servers = state.owedReload?.servers, servers == state.application?.servers else { return }
        table.update(state, at: now) { $0.reloadNow(at: now) }
    }

    /// The outcome without its reload if the balancer's session has these servers already.
    func withoutNeedlessReload(_ outcome: Outcome, of state: ResourceState) -> Outcome {
        guard let reload = outcome.reload, !reload.isMarked, let application = state.application else { return outcome }
        return application.servers == reload.servers ? outcome.withoutReload : outcome
    }

    /// The reload of a resource is over: if it was the fallback of its balancer, the balancer is compared again.
    func noteFallback(of state: ResourceState, _ outcome: ReloadOutcome?) {
        guard let outcome, state.application?.wantsReload == true else { return }
        state.application?.noteReload(succeeded: outcome.state == .done)
        if outcome.state == .done { balancers.compare(state.id) }
    }

    /// Ends the session of a resource that is removed, or whose next definition has another `[template.apply]`.
    func dropBalancer(of state: ResourceState, unlessIn new: Resource?) {
        if let new, new.apply == state.resource.apply { return }
        balancers.remove(state.id)
        state.application = nil
    }

    /// `-onetime` with a command, which may be the balancer: it starts only when we have ended.
    func noteUnapplied(_ state: ResourceState) {
        logger.warning(
            "\(state.resource.name): [template.apply] waits for a confd that goes on, as -onetime ends before "
                + "\(settings.command.first ?? "the command") starts", state.resource)
    }

    // MARK: - What is waited for

    /// Whether a balancer has to be waited for before the program ends; after a request to stop, those that are stuck are not.
    func isApplying(at now: Duration) -> Bool {
        let isEnding = isStopping || requests.isStopping
        if isEnding, applicationsEnd == nil { applicationsEnd = now + Self.lastWait }
        if let applicationsEnd, now >= applicationsEnd {
            applicationsAreOver = true
            return false
        }
        return table.resources.contains { state in
            guard let application = state.application else { return false }
            return isEnding ? !application.isStuck : !application.isSettled
        }
    }

    /// `-onetime`: gives up balancers that do not have the desired servers in time.
    func endLateApplications(at now: Duration) {
        for state in table.resources {
            guard let limit = applicationLimit(of: state), now >= limit, let application = state.application else {
                continue
            }
            let resource = state.resource
            let reason = application.obstacle.map { ": \($0)" } ?? ""
            let time = GoDuration.text(limit - application.begun)
            logger.error(
                "\(resource.name): [template.apply] failed: \(resource.apply?.target.subject ?? "") is not as desired "
                    + "within \(time)\(reason); it stays owed", resource)
            balancers.remove(state.id)
            state.application = nil
        }
    }

    /// When `endLateApplications` has something to do, nil for never.
    var applicationDeadline: Duration? {
        let others = table.resources.compactMap(applicationLimit(of:)).min()
        return [others, applicationsAreOver ? nil : applicationsEnd].compactMap { $0 }.min()
    }

    private func applicationLimit(of state: ResourceState) -> Duration? {
        guard mode == .once, let application = state.application, !application.isSettled else { return nil }
        return application.begun + state.resource.reloadTimeout + (state.resource.apply?.plan.drain ?? .zero)
    }
}
