import KeyValue
import Posix
import Staging

// Checks of what is in place: `nginx -t` and its like look at the files of the service, not at the staged one. So the new
// file is put in place before the check, and what was there comes back if it refuses. This is the one exception from
// "only a checked file can replace".
extension Applier {
    /// A file that is in its place for its check.
    private struct Placed {
        /// The index in the batch of trials.
        let index: Int
        /// What is put back if the check refuses.
        let kept: InPlaceTrial
        let reload: Reload?
        /// For `rollback`.
        let previous: [UInt8]?
        /// Whether a reload was owed before.
        let wasOwed: Bool
    }

    /// The content that is to be put in place. `check_each` runs here, on a staged file, before a file of any item is in place.
    /// The content is staged again for the check in place, because the many files that may wait cannot all be kept open.
    func candidate(
        _ content: [UInt8], _ file: inout RenderedFile, _ destination: Destination
    ) throws(StepFailure) -> [UInt8] {
        if file.resource.items?.checkEach == nil { return content }
        let checked = try stage(content, file.resource, destination).check { (path) throws(StepFailure) in
            try check(path, content, &file, destination)
        }
        do throws(StagingError) {
            return try checked.verifiedContent()
        } catch {
            throw .staging(error)
        }
    }

    /// Puts the files in place and checks them, those with the same command together; the outcomes come in the same
    /// order. Every failure is logged.
    package func checkInPlace(_ trials: [Trial]) -> [Outcome] {
        var outcomes: [Outcome?] = trials.map { _ in nil }
        let groups = Dictionary(grouping: trials.indices) { trials[$0].command }
        for group in groups.values.sorted(by: { $0[0] < $1[0] }) {
            for (index, outcome) in zip(group, checkTogether(group.map { trials[$0] })) {
                outcomes[index] = outcome
                count(outcome, of: trials[index].resource)
            }
        }
        return outcomes.compactMap { $0 }
    }

    /// Puts all files in place and runs one check. If it refuses, all are put back and tried apart, again and again as long as
    /// one more is accepted: a file may need another one.
    private func checkTogether(_ trials: [Trial]) -> [Outcome] {
        var trials = trials
        var results = attempt(Array(trials.indices), of: &trials, isLast: trials.count == 1)
        var left = trials.count > 1 ? trials.indices.filter { results[$0].isFailure } : []
        if !left.isEmpty, !cancellation.isCancelled {
            logger.info("\(trials.count) files were refused together by \(trials[0].command.text): each is tried alone")
            var runs = 0
            var hasAdvanced = true
            while hasAdvanced, !left.isEmpty {
                attemptApart(left, of: &trials, &results, runs: &runs)
                let refused = left.filter { results[$0].isFailure }
                hasAdvanced = refused.count < left.count
                left = refused
            }
        }
        return results.indices.map { finish(&trials[$0], results[$0]) }
    }

    /// Up to this many files are tried one by one.
    private static let few = 8
    /// The most checks of one batch; files that are still refused then are tried again later, like all that are refused.
    private static let mostRuns = 128

    /// Tries files apart that were refused together. Many are bisected until the refused ones are found: 10,000 files with one
    /// bad one take about thirty checks.
    private func attemptApart(
        _ indices: [Int], of trials: inout [Trial], _ results: inout [Result<Outcome, StepFailure>], runs: inout Int
    ) {
        if indices.count <= Self.few {
            for index in indices where runs < Self.mostRuns {
                runs += 1
                results[index] = attempt([index], of: &trials, isLast: true)[0]
            }
            return
        }
        let middle = indices.count / 2
        for half in [Array(indices[..<middle]), Array(indices[middle...])] where runs < Self.mostRuns {
            runs += 1
            for (index, result) in zip(half, attempt(half, of: &trials, isLast: false)) { results[index] = result }
            let refused = half.filter { results[$0].isFailure }
            if !refused.isEmpty { attemptApart(refused, of: &trials, &results, runs: &runs) }
        }
    }

    /// Reports what became of a trial; content that was refused is remembered.
    private func finish(_ trial: inout Trial, _ result: Result<Outcome, StepFailure>) -> Outcome {
        switch result {
        case .success(let outcome):
            return succeeded(outcome, &trial.file)
        case .failure(let failure):
            noteRefusal(failure, trial.content, &trial.file.history)
            if case .check(_, _, _, let leaves) = failure, leaves != .newFile {
                noteNotWritten(trial.candidate, trial.file)
            }
            return failed(failure, &trial.file)
        }
    }

    /// Puts the trials with these indices in place, checks them once, and lets them stay or puts all back.
    private func attempt(
        _ indices: [Int], of trials: inout [Trial], isLast: Bool
    ) -> [Result<Outcome, StepFailure>] {
        var placements: [Result<Placed, StepFailure>] = []
        for index in indices {
            placements.append(Result { () throws(StepFailure) in try place(&trials[index], index) })
        }
        let placed = placements.compactMap { try? $0.get() }  // The failures are returned below.
        guard !placed.isEmpty else { return placements.map { $0.map { _ in Outcome(.failed) } } }
        let result = runCheck(placed.map { trials[$0.index] }, isLast: isLast)
        var leaves: [Int: StepFailure.AfterCheck] = [:]
        if !result.succeeded {
            for file in placed.reversed() {
                leaves[file.index] = putBack(file, &trials[file.index], hasRun: result.end.hasRun)
            }
        }
        return placements.map { placement in
            placement.flatMap { file in
                Result { () throws(StepFailure) in
                    try judge(result, of: trials[file.index].command, leaves: leaves[file.index] ?? .untouched)
                    return try accept(file, &trials[file.index])
                }
            }
        }
    }

    /// The environment of the check is that of the first file.
    private func runCheck(_ trials: [Trial], isLast: Bool) -> CommandResult {
        let first = trials[0]
        let resource = first.resource
        let environment = batchEnvironment(resource, source: resource.destination, first.file.changes)
        let changes = KeyChanges.lines(of: trials.map(\.file.changes))
        return run(
            first.command, "check_cmd", resource, environment, changes, timeout: resource.checkTimeout,
            isTrial: !isLast)
    }

    private func place(_ trial: inout Trial, _ index: Int) throws(StepFailure) -> Placed {
        let resource = trial.resource
        let destination: Destination
        let wasOwed: Bool
        do {
            destination = try Destination(resolving: resource.destination, place: trial.place)
            wasOwed = try destination.reloadMark() != nil
        } catch {
            throw .staging(error)
        }
        let staged = try stage(trial.candidate, resource, destination)
        let reload = try owedReload(trial.file, destination, source: staged.path, isNew: true)
        let checked = staged.withoutCheck()
        let previous = previousContent(trial.file, destination)
        trial.file.history.beforeTurn = contentBeforeTurn(trial.file, destination)
        var options = CheckedFile.Options(reloadMark: mark(of: reload, resource))
        options.isTrial = true
        let replacement: Replacement
        do throws(StepFailure) {
            replacement = try replace(&trial.file, destination, trial.content, by: checked, options)
        } catch {
            // Something may be left of it.
            trial.file.history.restored = nil
            throw error
        }
        guard let kept = replacement.trial else { preconditionFailure("asked for by the options") }
        return Placed(index: index, kept: kept, reload: reload, previous: previous, wasOwed: wasOwed)
    }

    private func accept(_ placed: Placed, _ trial: inout Trial) throws(StepFailure) -> Outcome {
        let resource = trial.resource
        do throws(StagingError) {
            let destination = try destination(of: trial)
            warnings.give(
                try destination.accept(
                    placed.kept, backup: resource.backup, keepsReplaced: keepsReplaced(placed.reload, resource),
                    wasOwed: placed.wasOwed))
            noteWritten(trial.candidate, trial.file, destination)
        } catch let error where error.kind == .withdrawnDuringCheck {
            throw .staging(error)
        } catch {
            // As long as the kept file is there, a restart puts it back; the pass after that replaces it again.
            log(.staging(error), of: resource)
            if let destination = try? destination(of: trial) { noteWritten(trial.candidate, trial.file, destination) }
        }
        notePrevious(placed.previous, of: trial.content, &trial.file.history)
        metrics.countChange(of: resource)
        if placed.reload == nil { logUpdate(resource, trial.file.changes) }
        return Outcome(.updated, reload: placed.reload)
    }

    /// Undoes the trial, whose check has or has not run; returns what is in place then.
    private func putBack(_ placed: Placed, _ trial: inout Trial, hasRun: Bool) -> StepFailure.AfterCheck {
        var isUndone = false
        var failure: StagingError?
        do {
            let destination = try destination(of: trial)
            isUndone =
                try hasRun
                ? destination.undoRefused(placed.kept, trial.resource.attributes) : destination.undo(placed.kept)
            if !isUndone, case .first = placed.kept, Files.exists(destination.target) {
                logger.warning(
                    "\(trial.resource.destination) was replaced by another file during its check: that one stays",
                    trial.resource)
            }
        } catch {
            failure = error
        }
        // Content that was refused and could not be taken out again must not be loaded by the service.
        let isMarked = placed.reload != nil || trial.resource.rollout != nil
        if isMarked, failure != nil || isUndone && !placed.wasOwed {
            do {
                try destination(of: trial).clearReloadMark()
            } catch {
                failure = failure ?? error
            }
        }
        guard let failure else { return isUndone ? placed.kept.leaves : .untouched }
        log(.staging(failure), of: trial.resource)
        trial.file.history.restored = nil
        return isUndone ? placed.kept.leaves : .newFile
    }

    private func destination(of trial: Trial) throws(StagingError) -> Destination {
        try Destination(resolving: trial.resource.destination, place: trial.place)
    }
}

extension InPlaceTrial {
    /// What is in the file's place once the trial is undone.
    fileprivate var leaves: StepFailure.AfterCheck {
        switch self {
        case .first: .nothing
        case .replaced, .written: .previousFile
        }
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        if case .failure = self { true } else { false }
    }
}
