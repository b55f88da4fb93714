import Applying
import Configuration
import Posix

// `[template.guard]`: what an outcome means for what is held, and what is kept of it over a restart.
extension Engine {
    /// Takes what the guard of a resource said of its rendering, whose outcome the table has taken.
    func takeGuard(_ state: ResourceState, _ outcome: Outcome, at now: Duration) {
        let before = state.guardState.hold
        var event: GuardState.Event?
        switch outcome.state {
        case .held:
            event = state.guardState.held(outcome.guardReport?.violations ?? [], at: now, wall: Clock.wall())
            // It may be believed then, without any change; one that was released meanwhile at once.
            if mode == .follow, let end = state.guardState.end(of: state.holdTime, at: now) {
                table.update(state, at: now) { $0.refresh(at: end) }
            }
        case .inSync, .updated: event = state.guardState.applied(outcome.guardReport)
        case .wouldChange, .failed, .rejected, .refusedBefore, .waits: break
        }
        if let event { log(event, of: state, before, outcome.guardReport?.violations ?? []) }
    }

    /// `confd release`: what the guard of the resource holds is applied at once.
    func release(_ name: String, at now: Duration) -> ReleaseAnswer {
        let meant = table.resources.first { ResourceName.isMeant($0.resource.name, by: name) }
        guard let state = meant else {
            let names = table.resources.map(\.resource.name)
            return .unknown(suggestion: ResourceName.nearest(to: name, among: names))
        }
        // With `for_each`, what is held of its items is released too.
        let released = ([state] + units(of: state)).filter { $0.guardState.release() }
        for state in released {
            keepRecord(of: state)
            table.update(state, at: now) { $0.refresh(at: now) }
        }
        return released.isEmpty ? .notHeld(failure: state.history.failure) : .released
    }

    private func log(
        _ event: GuardState.Event, of state: ResourceState, _ hold: Hold?, _ violations: [GuardViolation]
    ) {
        let resource = state.resource
        note(event == .held ? .held : .heldNoLonger, resource.name, Self.reason(event, violations))
        switch event {
        case .held:
            let hasFile = resource.isGroup || Files.exists(resource.destination)
            logger.warning(Applier.holdMessage(resource, violations, hasFile: hasFile), resource)
        case .backInLimits:
            logger.info("\(resource.name): held no longer, what would be lost is within the limits", resource)
        case .believed:
            let since = hold.map { Clock.rfc3339($0.since) } ?? ""
            logger.warning(
                "\(resource.name): held since \(since), now believed: \(GuardViolation.text(violations))", resource)
        case .released:
            logger.warning("\(resource.name): released: \(GuardViolation.text(violations))", resource)
        }
    }

    /// Why something is held, or not any longer.
    private static func reason(_ event: GuardState.Event, _ violations: [GuardViolation]) -> String {
        switch event {
        case .held: GuardViolation.text(violations)
        case .backInLimits: "what would be lost is within the limits"
        case .believed: "believed after its time"
        case .released: "released"
        }
    }

    /// What the state directory knows of a resource that is taken up; a guard needs the directory in `-onetime` too.
    func takeRecord(of state: ResourceState, at now: Duration) {
        let resource = state.resource
        if resource.guardLimits != nil { openStateDirectory() }
        guard let record = stateDirectory?.record(of: resource) else { return }
        state.record = record
        state.recordIsOfFile = resource.isGroup || record.isOfFileInPlace
        state.guardState = GuardState(
            record.keys, heldSince: record.heldSince, fileCount: record.heldOf, isReleased: record.isReleased, at: now,
            wall: Clock.wall())
    }
}

extension ResourceState {
    /// How long what its guard holds is not believed; zero for ever.
    var holdTime: Duration { resource.guardLimits?.hold ?? GuardLimits.standardHold }

    /// Whether its last rendering is held, and nothing is wrong with it otherwise.
    var isHeld: Bool { guardState.hold != nil && history.failure == nil }

    /// Whether its file has been right at some time, or is kept by its guard: then a service can start with it.
    var hasUsableFile: Bool {
        hasBeenInStep
            || (isHeld || waitsForHosts || !mayUseKeys) && (resource.isGroup || Files.exists(resource.destination))
    }

    /// Why it is held, in one line; nil if it is not.
    var holdReason: String? {
        guard isHeld, let hold = guardState.hold else { return nil }
        let reason = hold.violations.isEmpty ? "" : ": \(GuardViolation.text(hold.violations))"
        let end = holdTime > .zero ? "applied after \(GoDuration.text(holdTime)), or when released" : "until released"
        return "held by guard since \(Clock.rfc3339(hold.since)), \(end)\(reason)"
    }
}
