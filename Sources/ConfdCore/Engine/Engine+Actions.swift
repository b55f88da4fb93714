import Applying
import Configuration
import KeyValue
import Posix

// Hands what is due to the workers, and takes their results.
extension Engine {
    /// Begins everything that is due.
    func beginActions(at now: Duration) {
        table.pausesReloads = checks.holdsReloads
        let actions = table.begin(at: now)
        let renderings = actions.compactMap { $0.rendered.flatMap { rendering(of: $0, at: now) } }
        if mode == .once { inbox.gather(renderings.count) }
        workers.renderers.run(renderings)
        let reloads = actions.compactMap(\.reloaded)
        // One after the other, in the order of the files.
        if mode == .once, !reloads.isEmpty { reload(reloads.flatMap { $0 }.sorted(), at: now) }
        if mode == .follow { for ids in reloads { reload(ids, at: now) } }
        if checksMayBegin, let batch = checks.take(reloadsRun: table.isReloading) { checkInPlace(batch) }
        table.pausesReloads = checks.holdsReloads
        if beginFallbacks(at: now) { requests.wake() }
        workers.renderers.help()
    }

    /// What renders and applies a resource, on another thread.
    private func rendering(of id: ResourceID, at now: Duration) -> WorkerPool.Job? {
        guard let state = table[id] else { return nil }
        if state.resource.isGroup { return removal(of: state, at: now) }
        let snapshot = state.snapshot
        let rollout = rolloutRendering(of: state)
        let request = state.renderRequest(
            over: snapshot.snapshot, monitor.engine, keepsState: stateDirectory != nil, rollout: rollout?.basis, at: now
        )
        if case .rollBack = rollout { return rollBack(request, of: state) }
        let resource = state.resource
        let unsynced = mode == .once ? pass.unsynced : nil
        let checksAlone = mode == .once && settings.failFast
        // In a daemon, a check must not take up a place that another rendering could have.
        let stagedCheck = resource.checksInPlace ? resource.items?.checkEach : resource.stagedCheck
        let isApart = mode == .follow && stagedCheck != nil
        if let command = resource.inPlaceCheck { checks.began(id, command: command) }
        return { [applier, inbox, requests, workers, progress] place in
            if requests.isStopping { return inbox.post(.skipped(id)) }
            let turn = workers.beginRendering()
            let file = applier.render(request) {
                turn.end()
                place.giveUp()
            }
            turn.end()
            let apply: @Sendable () -> Void = {
                var placement = applier.apply(file, unsynced)
                if checksAlone, case .awaitsCheck(let trial) = placement {
                    placement = .done(applier.checkInPlace([trial])[0])
                }
                switch placement {
                case .done(let outcome):
                    progress.advance()
                    inbox.post(.applied(id, outcome, over: snapshot))
                case .awaitsCheck(let trial): inbox.post(.awaitsCheck(id, trial, over: snapshot))
                }
            }
            if isApart { workers.commands.run { _ in apply() } } else { apply() }
        }
    }

    private func rollBack(_ request: RenderRequest, of state: ResourceState) -> WorkerPool.Job {
        let (id, snapshot, inputs) = (state.id, state.snapshot, state.inputs)
        return { [applier, inbox] _ in inbox.post(.applied(id, applier.rollBack(request, inputs), over: snapshot)) }
    }

    private func checkInPlace(_ ids: [ResourceID]) {
        let batch = ids.compactMap { id in table[id]?.takeTrial().map { (id: id, trial: $0.trial, over: $0.snapshot) } }
        workers.commands.run { [applier, inbox, progress] _ in
            let outcomes = applier.checkInPlace(batch.map(\.trial))
            for (member, outcome) in zip(batch, outcomes) {
                progress.advance()
                inbox.post(.applied(member.id, outcome, over: member.over))
            }
        }
    }

    private func reload(_ ids: [ResourceID], at now: Duration) {
        let due = ids.compactMap { id in table[id].flatMap { job(for: $0, at: now) }.map { (id: id, reload: $0) } }
        // `job` has ended the reloads whose servers it handed to a session.
        let ids = ids.filter { table[$0]?.isRunning ?? false }
        if ids.isEmpty { return }
        workers.commands.run { [applier, inbox] _ in
            let outcomes = applier.reload(due.map(\.reload))
            inbox.post(.reloaded(ids, Dictionary(uniqueKeysWithValues: zip(due.map(\.id), outcomes))))
        }
    }
}

extension ResourceTable.Action {
    /// What is rendered; nil for a reload.
    fileprivate var rendered: ResourceID? {
        if case .render(let id) = self { id } else { nil }
    }

    /// What is reloaded; nil for a rendering.
    fileprivate var reloaded: [ResourceID]? {
        if case .reload(let ids) = self { ids } else { nil }
    }
}

// MARK: - Messages

extension Engine {
    func take(_ message: Message, at now: Duration) throws(SystemError) {
        switch message {
        case .applied(let id, let outcome, let snapshot): applied(id, outcome, over: snapshot, at: now)
        case .awaitsCheck(let id, let trial, let snapshot):
            table[id]?.waitingTrial = (trial, snapshot)
            checks.waits(id)
        case .skipped(let id): skipped(id, at: now)
        case .reloaded(let ids, let outcomes):
            for id in ids {
                guard let state = table[id] else { continue }
                let before = state.reloadHasFailed ? state.lastReload?.problem : nil
                noteFallback(of: state, outcomes[id])
                table.reloaded(state, outcomes[id], at: now)
                if let outcome = outcomes[id] { takeRollout(outcome, of: state, at: now) }
                if let outcome = outcomes[id] {
                    note(outcome, of: state, before: before)
                    noteRecovery(of: state, hasFailed: outcome.state != .done)
                }
                if mode == .once, let outcome = outcomes[id] { pass.tally.note(outcome.state, of: id) }
                state.joinGroupsKeys()
                applyPendingDefinition(state, at: now)
            }
        case .filesChanged: if !isStopping { try takeInventory(.none) }
        case .statusWanted(let question, let name): question.answer(status(at: now, with: name))
        case .waitWanted(let request): waiters.add(request, atOnce: !settings.watch, at: now)
        case .releaseWanted(let name, let question): question.answer(release(name, at: now))
        case .cleanWanted(let name, let question): clean(name, question)
        case .lastChangeWanted(let name, let question): question.answer(lastChange(of: name))
        case .childEnded(let status):
            supervisor?.ended(status, isStopping: isStopping || requests.isStopping)
            services.childChanged(runs: false)
            stop(at: now)
        case .verdict(let change): take(change, at: now)
        case .balancer(let id, let session, let status): take(status, of: id, session: session, at: now)
        case .rollout(let id, let message): take(message, of: id, at: now)
        case .servicesEvaluated(let evaluated): services.take(evaluated, at: now)
        case .servicesEnded: services.noteFinished()
        case .serviceGivenUp:
            // `confd register` has nothing else to do.
            guard settings.subcommand == .register else { return }
            if let supervisor, supervisor.isRunning {
                logger.error(
                    "\(supervisor.name) is ended: its key is somebody else's",
                    LogFields().explained(hint: "-on-conflict wait waits until the key is free"))
                requests.endChild(.terminate)
            }
            failureCode = ExitCode.failed
            stop(at: now)
        }
    }

    /// Notes that a rendering, or the check after it, was not begun because we are about to end.
    func skipped(_ id: ResourceID, at now: Duration) {
        checks.ended(id)
        pass.isStopped = true
        if let state = table[id] { table.update(state, at: now) { $0.rendered(.failed, at: now) } }
    }

    private func applied(_ id: ResourceID, _ outcome: Outcome, over snapshot: VersionedSnapshot, at now: Duration) {
        checks.ended(id)
        guard let state = table[id] else { return }
        let outcome = withoutNeedlessReload(outcome, of: state)
        confdirWatch?.add(outcome.inputs.sources.keys)
        let before = state.history.problem?.message
        table.applied(state, outcome, over: snapshot, at: now)
        let guardStateBefore = state.guardState
        let isPutBack = rollouts[id]?.isPuttingBack ?? false
        // The guard keeps comparing with the content that it let through last, not with the one that was put back.
        if !isPutBack { takeGuard(state, outcome, at: now) }
        takeRollout(outcome, of: state)
        let isWritten = outcome.state == .updated
        if isWritten || outcome.state == .inSync { state.isPutBack = isPutBack }
        let revision = isPutBack ? rollouts[id]?.revisionBefore ?? 0 : snapshot.snapshot.revision
        if isWritten {
            generation += 1
            state.changeDuration = outcome.figures?.duration
            let time = Clock.wall()
            // What has happened to an item has happened to its resource too.
            for state in [state, state.owner].compactMap({ $0 }) {
                state.lastChange = isPutBack ? .previousFile(revision: revision) : outcome.change
                state.lastChangeTime = time
            }
        }
        // For items, `settle` keeps one record for all of them.
        if mode == .follow && isWritten && state.owner == nil || !state.guardState.keepsSame(as: guardStateBefore) {
            keepRecord(of: state, writtenFrom: isWritten ? revision : nil)
        }
        note(outcome, of: state, before: before)
        noteRecovery(of: state, hasFailed: outcome.state.isFailedAttempt)
        noteOutcome(of: state, outcome, at: now)
        if state.resource.isGroup { removalIsDone(state, outcome, at: now) }
        if mode == .once { return tried(state, outcome) }
        if let pause = state.scheduler?.dampedPause {
            let resource = state.resource
            logger.warning(
                "\(resource.name): its template or dest was changed right after its \(resource.reloadField), "
                    + "perhaps by it: the next one waits until \(GoDuration.text(pause)) after that", resource)
        }
        // A template that was written meanwhile may not be complete yet.
        if !state.inputs.sourcesAreCurrent {
            table.update(state, at: now) { $0.refresh(at: now + ConfdirWatch.quiet) }
        }
        applyPendingDefinition(state, at: now)
    }
}
