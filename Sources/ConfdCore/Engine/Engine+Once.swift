import Applying
import Configuration
import Posix

// `-onetime`: what is different where everything is tried once, and the end is waited for.
extension Engine {
    /// Whether resources are applied one at a time, in the order of their files: differences are printed in order, and the
    /// first failure may have to be the last.
    private var isInOrder: Bool { settings.failFast || applier.differences != nil }

    /// Whether files may be put in place to be checked there.
    var checksMayBegin: Bool { mode == .follow || pass.checksMayBegin }

    /// Looks at the resources and asks for their keys; the exit code if that is all.
    func beginPass() throws(SystemError) -> Int32? {
        progress.begin("reading keys")
        inventory.reload()
        if inventory.isEmpty { return endPass() }
        if settings.failFast, !inventory.errors.isEmpty {
            logger.warning("Fail-fast mode: stopping, nothing has been changed")
            return endPass()
        }
        try takeUpInventory(.none)
        if settings.noop, inventory.resources.contains(where: { $0.checkCommand != nil }) {
            logger.info("No check_cmd is run: what the checks would say of new content is not known")
        }
        pass.untried = table.resources.sorted { $0.id < $1.id }[...]
        return nil
    }

    /// What there is to do apart from messages; the exit code when all is done.
    func passTurn(at now: Duration) throws(SystemError) -> Int32? {
        if requests.isStopping { dropUntried(at: now) }
        try updateKeys(at: now)
        tryNext(at: now)
        // What waits for a backend that is away holds nobody up.
        let isReading = !pass.untried.isEmpty && !haveAnswered
        pass.checksMayBegin = !isReading && !table.isRendering
        if pass.untried.isEmpty, pass.checksMayBegin, !table.agenda.hasRendering { beginRemovals(at: now) }
        let isInPlace = pass.checksMayBegin && !table.agenda.hasRendering && !table.isRendering
        table.holdsReloads = !isInPlace
        guard isInPlace else { return nil }
        applier.synchronize(pass.unsynced)
        if !settings.command.isEmpty { noteServiceStart() }
        endLateApplications(at: now)
        guard table.isInStep, !isApplying(at: now) else {
            progress.begin("reloading")
            return nil
        }
        return pass.untried.isEmpty && recordsAreKept ? endPass() : nil
    }

    /// Whether each backend has given its keys, or could not be read.
    private var haveAnswered: Bool { sources.values.allSatisfy(\.hasAnswered) }

    /// Begins with the resources that can be tried now. Those whose keys nobody waits for any more have failed.
    private func tryNext(at now: Duration) {
        guard haveAnswered, !isInOrder || !table.isRendering else { return }
        if !pass.isRendering { progress.begin("rendering", total: pass.untried.count) }
        pass.isRendering = true
        var waiting: ArraySlice<ResourceState> = []
        while let state = pass.untried.popFirst() {
            if state.hasKeys, state.items != nil {
                pass.untried = beginItems(of: state, at: now) + pass.untried
                pass.removals.append(state)
                continue
            } else if state.hasKeys {
                table.schedule(state, Scheduler(ApplyPolicy(), triesAgain: false, now: now))
            } else if state.keys?.haveGivenUp ?? false {
                progress.advance()
                tried(state, Outcome(.failed))
                continue
            } else {
                waiting.append(state)
            }
            if isInOrder { break }
        }
        if !waiting.isEmpty { pass.untried = waiting + pass.untried }
    }

    /// Removes the files that no item wants, when all other files are in place.
    private func beginRemovals(at now: Duration) {
        for state in pass.removals {
            table.schedule(state, Scheduler(ApplyPolicy(), triesAgain: false, now: now))
        }
        pass.removals = []
    }

    /// Counts the outcome of a resource. `-failure-mode fail-fast`: the first failure is the last.
    func tried(_ state: ResourceState, _ outcome: Outcome) {
        // A removal that found nothing to remove does not count as a file in sync.
        if !state.resource.isGroup || outcome.state != .inSync { pass.tally.note(outcome.state, of: state.id) }
        if outcome.owesReload { pass.tally.note(.owed, of: state.id) }
        guard settings.failFast, outcome.isFailure else { return }
        logger.warning(
            "Fail-fast mode: stopping after error in \(state.resource.destination)", state.resource)
        pass.untried = []
        pass.removals = []
    }

    /// After a request to stop: nothing more is begun but the reloads of what was replaced.
    private func dropUntried(at now: Duration) {
        for state in table.inOrder where state.takeTrial() != nil { skipped(state.id, at: now) }
        pass.removals = []
        while let state = pass.untried.popFirst() {
            if state.keys?.areFailing ?? false {
                tried(state, Outcome(.failed))
            } else {
                pass.isStopped = true
            }
        }
    }

    /// Logs what was done, unless it was stopped; returns the exit code.
    private func endPass() -> Int32 {
        progress.end()
        if pass.isStopped { return ExitCode.done }
        let tally = pass.tally
        let nameless = table.resources.reduce(0) { $0 + ($1.items?.set.problems.count ?? 0) }
        let failed = tally.failed + nameless + inventory.unusableCount
        logSummary(tally, failed: failed)
        if inventory.isEmpty { return ExitCode.usage }
        if sources.values.contains(where: { !$0.isOptional && $0.follower.isFailing }) { return ExitCode.backend }
        if failed + tally.held + tally.reloadsOwed > 0 { return ExitCode.failed }
        return settings.check && tally.updated > 0 ? ExitCode.drift : ExitCode.done
    }

    private func logSummary(_ tally: Tally, failed: Int) {
        let milliseconds = Int((clock() - start).milliseconds())
        let owed = tally.reloadsOwed
        let changed = settings.noop ? "would change" : owed > 0 ? "written" : "changed"
        let reloads = owed > 0 ? ", \(owed) \(owed == 1 ? "reload" : "reloads") owed" : ""
        let held = tally.held > 0 ? ", \(tally.held) held" : ""
        let fields = LogFields([
            ("changed", .number(tally.updated)), ("reloads_owed", .number(owed)), ("in_sync", .number(tally.inSync)),
            ("held", .number(tally.held)), ("failed", .number(failed)), ("milliseconds", .number(milliseconds)),
        ])
        let counts = "\(tally.updated) \(changed)\(reloads), \(tally.inSync) in sync\(held), \(failed) failed"
        logger.info("\(counts), in \(milliseconds) ms", fields)
    }
}
