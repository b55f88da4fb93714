import Applying
import Backends
import Configuration
import Posix
import Rollout

extension ResourceState {
    /// How it is at `now`, for `confd status`.
    func status(at now: Duration) -> ResourceStatus {
        var status = ResourceStatus(
            name: resource.name, file: resource.file, destination: resource.destination, state: statusState)
        // Stores without revisions have 0.
        let applied = isPutBack ? nil : owedReload?.changes.snapshot ?? applied
        status.revision = (applied?.revision ?? (recordOfFile?.changed == nil ? nil : recordOfFile?.revision)).flatMap {
            $0 > 0 ? $0 : nil
        }
        status.figures = isPutBack ? nil : figures
        status.change = recordOfFile?.changed.map { ResourceStatus.Change(time: $0, duration: changeDuration) }
        status.reload = lastReload
        status.nextTry = scheduler?.deadline().map { max($0 - now, .zero) }
        status.problem = problem
        status.isSettled = isRefused || scheduler.map { !$0.hasNewChange } ?? false
        return status
    }

    private var statusState: ResourceStatus.State {
        if isHeld { return .held }
        if waitsForHosts { return rollout.isHalt ? .halted : .waiting }
        if isRolledBack { return .failed }
        if owesReload { return .reloadOwed }
        if let items, !items.set.problems.isEmpty { return .failed }
        if isInSync { return items?.removal.isNone ?? true ? .inSync : .pending }
        if usesEarlierVersion { return .failed }
        return history.failure != nil || keysFailure?.isRefusal == true ? .failed : .pending
    }

    /// Why keys that are needed for the first rendering cannot be read, or may not be read any longer. Other failures that come
    /// later are reported for the backend.
    private var keysFailure: BackendError? { isScheduled && !isRefused ? nil : keys?.failing?.failure }

    /// What is wrong with it; nil if it is as it should be, or was not tried.
    var problem: History.Problem? {
        if let problem = history.problem ?? items?.set.problem { return problem }
        if let error = definitionError {
            return History.Problem(
                message: "\(error.summary); \(History.lastGoodVersion)", place: error.location, hint: error.hint)
        }
        if let holdReason {
            return History.Problem(message: holdReason, hint: "\(resource.releaseCommand) lets it through")
        }
        if waitsForHosts, let reason = rollout.message {
            let hint = "confd rollout status \(resource.rollout?.group ?? "") tells of all hosts"
            return History.Problem(message: "rollout: \(reason)", hint: rollout.isHalt ? hint : nil)
        }
        if isRolledBack {
            return History.Problem(
                message: "\(resource.reloadMethod?.field ?? "reload") kept failing, so the previous file is back",
                hint: "it is tried again when the file's content changes")
        }
        if reloadHasFailed, let run = lastReload, let problem = run.problem {
            return History.Problem(
                message: "\(resource.reloadMethod?.field ?? "reload") failed: \(problem)",
                hint: "the log has more of it, at \(Clock.rfc3339(run.ended))")
        }
        if let obstacle = application?.obstacle {
            return History.Problem(message: "\(resource.reloadField): \(obstacle)")
        }
        return keysFailure.map { failure in
            History.Problem(message: "its keys cannot be read: \(failure.message)", hint: failure.hint)
        }
    }
}
