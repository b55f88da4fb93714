import Applying
import Checks
import Configuration
import Posix

// What `confd status` lists as recent events. Only a daemon has them.
extension Engine {
    /// Notes that something has happened, now.
    func note(_ kind: StatusEvent.Kind, _ subject: String = "", _ detail: String = "") {
        guard mode == .follow else { return }
        events.note(kind, subject, detail, at: Clock.wall())
    }

    /// Notes the outcome of a rendering; `before` is why the resource failed before, or what was wrong with its template, nil if
    /// nothing was.
    func note(_ outcome: Outcome, of state: ResourceState, before: String?) {
        let name = state.resource.name
        if !outcome.kept.isEmpty { note(.filesKept, name, GuardViolation.list(outcome.kept)) }
        if !outcome.removed.isEmpty {
            note(.filesRemoved, name, GuardViolation.list(outcome.removed))
        } else if outcome.state == .updated {
            note(.changed, name, outcome.change?.detail ?? "")
        }
        let failure = state.history.problem?.message
        // The same failure again is no event.
        if let failure, failure != before { note(.failed, name, failure) }
    }

    /// Notes how a reload went; `before` is what went wrong with the one before, if that one is tried again.
    func note(_ outcome: ReloadOutcome, of state: ResourceState, before: String?) {
        guard let run = outcome.run else { return }
        let name = state.resource.name
        switch outcome.state {
        case .done: note(.reloaded, name, run.result)
        case .owed: if run.problem != before { note(.reloadFailed, name, run.result) }
        case .rolledBack: note(.rolledBack, name, run.result)
        }
    }

    /// Logs and notes once that a resource is as it should be again after it had failed, or after its template or its file was broken.
    func noteRecovery(of state: ResourceState, hasFailed: Bool) {
        if hasFailed || state.usesEarlierVersion { state.hasFailed = true }
        guard mode == .follow, state.hasFailed, !hasFailed, state.isInSync, !state.isRolledBack else { return }
        state.hasFailed = false
        logger.info("\(state.resource.name): in sync again", state.resource)
        note(.recovered, state.resource.name)
    }

    /// Notes which backends are lost, stale and back since the last call.
    func noteContacts() {
        guard mode == .follow else { return }
        for source in sources.values where source.key.separate == nil {
            let failure = source.follower.failure
            let isStale = failure != nil && source.follower.contact.isStale
            let name = source.key.backend.name
            if let failure, !source.isKnownAsLost { note(.backendLost, name, failure.message) }
            if isStale, !source.isKnownAsStale { note(.backendStale, name) }
            if failure == nil, source.isKnownAsLost { note(.backendAnswers, name) }
            source.isKnownAsLost = failure != nil
            source.isKnownAsStale = isStale
        }
    }

    /// Notes which services are registered, and which are not any more, since the last call.
    func noteServices() {
        guard mode == .follow, !services.isEmpty || !registeredKeys.isEmpty else { return }
        let registered = services.registeredServices
        guard registered != registeredKeys else { return }
        func name(_ key: [UInt8]) -> String { String(decoding: key, as: UTF8.self) }
        for key in registered.subtracting(registeredKeys).map(name).sorted() { note(.serviceRegistered, key) }
        for key in registeredKeys.subtracting(registered).map(name).sorted() { note(.serviceRemoved, key) }
        registeredKeys = registered
    }

    /// Notes that a server went up or down, with the reason.
    func note(_ change: VerdictChange) {
        guard change.isTransition else { return }
        note(change.health.isUp ? .serverUp : .serverDown, "\(change.target)", change.health.error ?? "")
    }
}
