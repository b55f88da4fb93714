import KeyValue
import Posix
import Staging

// Checks of what is in place: `nginx -t` and its like look at the files of the service, not at the staged one. So the new
// file is put in place before the check, and what was there comes back if it refuses. This is the one exception from
// "only a checked file can replace".
extension Pipeline {
    /// A file that is in its place for its check.
    private struct Placed {
        let trial: Trial
        /// What there is to put back.
        let kept: InPlaceTrial
        let reload: Outcome.Reload?
        /// For `rollback`.
        let previous: [UInt8]?
        /// Whether a reload was owed before.
        let wasOwed: Bool
    }

    /// Puts the files in place and checks them, those with the same command together; the outcomes come in the same
    /// order. Every failure is logged.
    package func checkInPlace(_ trials: [Trial], _ unsynced: UnsyncedFolders? = nil) -> [Outcome] {
        var outcomes: [Int: Outcome] = [:]
        let groups = Dictionary(grouping: trials.indices) { trials[$0].command }
        for group in groups.values.sorted(by: { $0[0] < $1[0] }) {
            let results = checkTogether(group.map { trials[$0] }, unsynced)
            for (index, outcome) in zip(group, results) { outcomes[index] = outcome }
        }
        for (index, trial) in trials.enumerated() {
            if let outcome = outcomes[index] { count(outcome, of: trial.resource) }
        }
        return trials.indices.compactMap { outcomes[$0] }
    }

    /// All files in place, one check. If it refuses, all go back, and each is tried alone: again and again as long as that
    /// brings one further, for one may need another.
    private func checkTogether(_ trials: [Trial], _ unsynced: UnsyncedFolders?) -> [Outcome] {
        var results: [Result<Outcome, StepFailure>] = attempt(trials, unsynced, isLast: trials.count == 1)
        var left = trials.count > 1 ? trials.indices.filter { results[$0].isFailure } : []
        if !left.isEmpty, !cancellation.isCancelled {
            logger.info("\(trials.count) files were refused together by \(trials[0].command): each is tried alone")
            var hasAdvanced = true
            while hasAdvanced, !left.isEmpty {
                for index in left { results[index] = attempt([trials[index]], unsynced, isLast: true)[0] }
                let refused = left.filter { results[$0].isFailure }
                hasAdvanced = refused.count < left.count
                left = refused
            }
        }
        return zip(trials, results).map { trial, result in finish(trial, result) }
    }

    /// Reports what became of a trial; content that was refused is remembered.
    private func finish(_ trial: Trial, _ result: Result<Outcome, StepFailure>) -> Outcome {
        switch result {
        case .success(var outcome):
            report(nil, .application, of: trial.resource)
            outcome.inputs = trial.draft.inputs
            return outcome
        case .failure(let failure):
            if failure.isRejection { reject(trial.content, trial.resource) }
            return failed(failure, trial.draft)
        }
    }

    /// Puts `trials` in place, checks them once, and lets them stay or puts all back.
    private func attempt(
        _ trials: [Trial], _ unsynced: UnsyncedFolders?, isLast: Bool
    ) -> [Result<Outcome, StepFailure>] {
        let placements = trials.map { trial in Result { () throws(StepFailure) in try place(trial) } }
        let placed = placements.compactMap { try? $0.get() }  // The failures are returned below.
        guard let first = placed.first else { return placements.map { $0.map { _ in Outcome(.failed) } } }
        let result = runCheck(placed, of: first, isLast: isLast)
        if !result.succeeded { for file in placed.reversed() { putBack(file) } }
        return placements.map { placement in
            placement.flatMap { file in
                Result { () throws(StepFailure) in
                    try judge(result, of: file.trial.command)
                    return accept(file, unsynced)
                }
            }
        }
    }

    private func runCheck(_ placed: [Placed], of first: Placed, isLast: Bool) -> CommandResult {
        let resource = first.trial.resource
        let environment = commandEnvironment(
            resource, source: resource.destination, first.trial.draft.changes)
        let changes = KeyChanges.lines(of: placed.map(\.trial.draft.changes))
        return run(
            first.trial.command, "check_cmd", resource, environment, changes, timeout: resource.checkTimeout,
            isTrial: !isLast)
    }

    private func place(_ trial: Trial) throws(StepFailure) -> Placed {
        let resource = trial.resource
        let destination: Destination
        let wasOwed: Bool
        do {
            destination = try Destination(resolving: resource.destination, place: trial.place)
            wasOwed = try destination.reloadMark() != nil
        } catch {
            throw StepFailure(error)
        }
        let staged = try stage(trial.content, resource, destination)
        let reload = try reload(resource, destination, source: staged.path, trial.draft.changes, isNew: true)
        let previous = previousContent(resource, destination)
        var options = CheckedFile.Options(reloadMark: reload.map { Array($0.resource.name.utf8) })
        options.isTrial = true
        let replacement: Replacement
        do throws(StepFailure) {
            replacement = try replace(resource, destination, trial.content, by: staged.withoutCheck(), options)
        } catch {
            // Something may be left of it.
            healAgain(destination)
            throw error
        }
        guard let kept = replacement.trial else { preconditionFailure("asked for by the options") }
        return Placed(trial: trial, kept: kept, reload: reload, previous: previous, wasOwed: wasOwed)
    }

    private func accept(_ placed: Placed, _ unsynced: UnsyncedFolders?) -> Outcome {
        let resource = placed.trial.resource
        do {
            warn(try destination(of: placed).accept(placed.kept, backup: resource.backup))
        } catch {
            // As long as it stands there, a restart puts the previous file back; the pass after that replaces it again.
            log(StepFailure(error), of: resource)
        }
        notePrevious(placed.previous, of: placed.trial.content, resource)
        metrics.countChange(of: resource)
        if placed.reload == nil { logUpdate(resource, placed.trial.draft.changes) }
        return Outcome(.updated, reload: placed.reload)
    }

    private func putBack(_ placed: Placed) {
        var isUndone = false
        var failure: StagingError?
        do {
            isUndone = try destination(of: placed).undo(placed.kept)
        } catch {
            failure = error
        }
        // Content that was refused, and could not be taken out again, is not for the service to load.
        if placed.reload != nil, failure != nil || isUndone && !placed.wasOwed {
            do {
                try destination(of: placed).clearReloadMark()
            } catch {
                failure = failure ?? error
            }
        }
        guard let failure else { return }
        log(StepFailure(failure), of: placed.trial.resource)
        // A path that leads elsewhere now is healed there.
        if let destination = try? Destination(resolving: placed.trial.resource.destination) { healAgain(destination) }
    }

    private func destination(of placed: Placed) throws(StagingError) -> Destination {
        try Destination(resolving: placed.trial.resource.destination, place: placed.trial.place)
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        if case .failure = self { true } else { false }
    }
}
