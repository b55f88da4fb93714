import Configuration
import Posix
import Rollout

/// When to log again what the command waits for: the pauses double from 5 s to 60 s. A new reason is logged after a quarter of
/// the pause.
struct ReminderSchedule {
    private static let firstPause = Duration.seconds(5)
    private static let longestPause = Duration.seconds(60)

    private var pause = ReminderSchedule.firstPause
    private var last: (text: String, time: Duration)?
    /// The next time at which a reminder may be due.
    private(set) var next: Duration

    init(from now: Duration) { next = now + Self.firstPause }

    /// Whether a reminder with `text` is due; the caller then gives it. nil: there is nothing to say.
    mutating func isDue(at now: Duration, _ text: String?) -> Bool {
        guard now >= next else { return false }
        next = now + Self.firstPause
        guard let text else { return false }
        if let last, now < last.time + (last.text == text ? pause : pause / 4) {
            next = min(next, last.time + pause)
            return false
        }
        pause = min(pause * 2, Self.longestPause)
        last = (text, now)
        return true
    }
}

// MARK: - Starting the command after `--`

extension Engine {
    /// Whether the command can be started as soon as there are data: all resource files and templates can be used. What is
    /// wrong is logged; no key can mend it, and an orchestrator waits for the exit code.
    func childCanStart() -> Bool {
        guard let supervisor else { return true }
        // In the order of the files, and all of them: each is reported.
        let unusable = table.resources.sorted { $0.id < $1.id }.filter { state in
            !state.withHistory { applier.canUseTemplate(of: state.resource, &$0) }
        }
        // A wrong -confdir; files that are still missing in the right one are waited for.
        if inventory.errors.isEmpty, unusable.isEmpty, !inventory.hasNoFolder { return true }
        logger.fatal("\(supervisor.name) is not started: no key in the store can mend these errors")
        return false
    }

    /// Starts the command once every resource has been brought in step. It reads their files as it starts, so reloads
    /// that are owed until then are not run.
    func startChildWhenReady(at now: Duration) throws(SystemError) {
        guard let supervisor, !supervisor.hasStarted, inventory.isComplete else { return }
        guard table.agenda.haveAllBeenInStep || table.states.allSatisfy(\.hasUsableFile) else { return }
        noteServiceStart()
        table.holdsReloads = false
        try self.supervisor?.start { [inbox] status in inbox.post(.childEnded(status)) }
        if self.supervisor?.exitCode != nil { stop(at: now) } else { services.childChanged(runs: true) }
    }

    /// The service starts only now, and so reads the files that are there: no reload is owed any more.
    func noteServiceStart() {
        for state in table.inOrder {
            guard let reload = state.owedReload else { continue }
            if reload.servers == nil {
                applier.reloadDone(reload)
            } else if mode == .once {
                noteUnapplied(state)
            } else {
                // A balancer does not read the file: it gets its servers as soon as it answers.
                continue
            }
            state.takeServiceStart()
        }
    }

    /// Logs again what the command waits for: otherwise nothing tells why a container does nothing.
    func remindOfWaiting(at now: Duration) {
        guard supervisor?.hasStarted == false, now >= childReminder.next else { return }
        let obstacle = commandObstacle
        guard childReminder.isDue(at: now, obstacle?.text), let obstacle else { return }
        if let resource = obstacle.resource {
            logger.warning(obstacle.text, resource)
        } else {
            logger.warning(obstacle.text)
        }
    }

    /// What the command waits for before it is started; nil if it does not, or there is none.
    var commandObstacle: (text: String, resource: Resource?)? {
        guard let supervisor, !supervisor.hasStarted else { return nil }
        let subject = "\(supervisor.name) is not started yet, it waits for"
        let waiting = table.states.filter { !$0.hasUsableFile }.sorted { $0.resource.name < $1.resource.name }
        guard let first = waiting.first else {
            return ("\(subject) \(inventory.errors.first?.summary ?? "a resource file in \(inventory.folder)")", nil)
        }
        let more = waiting.count == 1 ? "" : " (and for \(waiting.count - 1) more)"
        return ("\(subject) \(first.resource.name)\(more): \(obstacle(of: first))", first.resource)
    }

    /// Why a resource is not in step, in one line.
    private func obstacle(of state: ResourceState) -> String {
        if let reason = state.history.failure ?? state.holdReason ?? state.rollout.message { return reason }
        if let (backend, failure) = state.keys?.failing { return "backend \(backend.name): \(failure.message)" }
        return state.keys?.unread.map { "its keys have not been read from \($0.name) yet" } ?? "it is being applied"
    }
}
