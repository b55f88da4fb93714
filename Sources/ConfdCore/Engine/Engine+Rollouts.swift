import Applying
import Backends
import Configuration
import KeyValue
import Posix
import Rollout

// `[template.rollout]`: the file of a resource changes when it is this host's turn.
extension Engine {
    /// How long a write to the store may take.
    private static let commitTimeout = Duration.seconds(5)

    /// The result of a job for a rollout.
    enum RolloutMessage: Sendable {
        /// Whether the transaction was made, or why it is not known.
        case committed(Result<Bool, BackendError>)
        /// What `verify_cmd` found wrong.
        case verified(String?)
    }

    /// Takes what has happened in stores, and does what it is this host's turn to do.
    func advanceRollouts(at now: Duration) throws(SystemError) {
        // With -noop no file is written, so no turn is taken.
        if settings.noop { return }
        if rolloutsAreStale {
            rolloutsAreStale = false
            try rollouts.set(table.resources.filter { $0.resource.rollout != nil }.map { ($0.id, $0.resource) })
        }
        if rollouts.isEmpty { return services.setPlaces([:], at: now) }
        rollouts.takeDeliveries()
        let (registered, problems) = (services.registered, services.problems)
        for (id, session) in rollouts.all {
            guard let state = table[id] else { continue }
            if let keys = state.keys?.snapshot { session.takeKeys(keys, state.resource) }
            session.takeRegistered(registered, problems)
            while let action = session.next(at: now) { perform(action, of: state, session, at: now) }
            if session.takeNeedForRendering() { table.update(state, at: now) { $0.refresh(at: now) } }
            if !state.isRunning, state.owedReload == nil, session.takeEndOfTrial() { endTrial(of: state) }
            if session.isBehind { try readAgain(state) }
            state.rollout = session.state(rollouts.failure(of: session))
            announce(session, of: state)
        }
        services.setPlaces(rollouts.places, at: now)
    }

    private func perform(
        _ action: Participant.Action, of state: ResourceState, _ session: RolloutSession, at now: Duration
    ) {
        switch action {
        case .apply, .rollBack: table.update(state, at: now) { $0.refresh(at: now) }
        case .commit(let transaction): commit(transaction, of: state, session)
        case .verify:
            let (resource, snapshot) = (state.resource, state.snapshot.snapshot)
            workers.commands.run { [applier, inbox, definition = session.definition, id = state.id] _ in
                inbox.post(.rollout(id, .verified(applier.verify(resource, definition, over: snapshot))))
            }
        }
    }

    private func commit(_ transaction: Transaction, of state: ResourceState, _ session: RolloutSession) {
        let subject = "\(state.resource.name): rollout \(session.definition.group)"
        workers.commands.run {
            [
                backends, inbox, logger, id = state.id, configuration = session.backend,
                cancellation = requests.cancellation
            ] _ in
            let result: Result<Bool, BackendError>
            do throws(BackendError) {
                guard let store = try backends.backend(for: configuration) as? any TransactingBackend else {
                    preconditionFailure("only backends that take rollouts have some")
                }
                result = .success(
                    try store.commit(transaction, timeout: Self.commitTimeout, cancellation: cancellation))
            } catch {
                logger.warning("\(subject): \(error.message)", error.logFields(configuration))
                result = .failure(error)
            }
            inbox.post(.rollout(id, .committed(result)))
        }
    }

    /// Reads the keys of a resource again, unless that is under way.
    private func readAgain(_ state: ResourceState) throws(SystemError) {
        for (_, key) in state.sourceKeys {
            guard let source = sources[key], source.deliveredGeneration == source.requestedGeneration else { continue }
            source.requestedGeneration = try source.follower.read(source.follower.ranges)
        }
    }

    func take(_ message: RolloutMessage, of id: ResourceID, at now: Duration) {
        guard let session = rollouts[id], !isStopping else { return }
        switch message {
        case .committed(let result): session.committed(result, at: now)
        case .verified(let problem): session.verified(problem, at: now)
        }
    }

    /// What begins for the resource; nil if it has no rollout.
    func rolloutRendering(of state: ResourceState) -> RolloutSession.Rendering? { rollouts[state.id]?.beginRendering() }

    /// Takes the outcome of a rendering that the table has taken.
    func takeRollout(_ outcome: Outcome, of state: ResourceState) {
        rollouts[state.id]?.take(
            outcome, failure: state.history.failure, hasFile: Files.exists(state.resource.destination),
            revision: state.record?.revision ?? 0)
    }

    /// Takes the outcome of a reload that the table has taken.
    func takeRollout(_ outcome: ReloadOutcome, of state: ResourceState, at now: Duration) {
        guard let session = rollouts[state.id] else { return }
        if session.take(outcome) { table.update(state, at: now) { $0.reloadDone() } }
    }

    /// Waits for the disk on the engine's thread, once in a turn of the rollout: another thread could remove the mark of a
    /// rendering that has begun meanwhile.
    private func endTrial(of state: ResourceState) {
        state.change { $0.beforeTurn = nil }
        applier.accept(state.resource)
    }

    // MARK: - For people

    private func announce(_ session: RolloutSession, of state: ResourceState) {
        if let (host, settings) = session.takeOtherSettings() {
            logger.warning(
                "\(state.resource.name): rollout \(session.definition.group): \(host) has other settings: \(settings) there, "
                    + "\(session.definition.policy.text) here", state.resource)
        }
        let (old, new) = (session.announced, state.rollout)
        if old == new { return }
        session.announced = new
        let resource = state.resource
        let subject = "\(resource.name): rollout \(session.definition.group)"
        switch new {
        case .free:
            guard case .turn(let change, _) = old else { return }
            note(.turnDone, resource.name, change.shortText)
            logger.info("\(subject): change \(change.shortText) is done here", resource)
        case .turn(let change, _):
            if case .turn = old { return }
            note(.turnBegan, resource.name, change.shortText)
            logger.info("\(subject): \(new.message ?? "")", resource)
        case .failed(let reason):
            logger.error("\(subject): \(reason); the other hosts are halted", resource)
        case .waits(let reason):
            // The place in a queue changes often.
            if case .waits(let before) = old, before.isAlike(reason) { return }
            let message = "\(subject): \(resource.destination) stays as it is: \(reason.message)"
            if reason.isPassing { return logger.debug(message, resource) }
            note(reason.isHalt ? .halted : .waits, resource.name, reason.message)
            if reason.isHalt { logger.warning(message, resource) } else { logger.info(message, resource) }
        }
    }
}

extension ResourceState {
    /// Whether it waits for another host or for an operator, or has its turn.
    var waitsForHosts: Bool { rollout != .free && history.failure == nil }
}
