import Configuration
import Posix

/// When to say again that something is waited for: after pauses that double up to a longest one.
struct ReminderSchedule {
    private static let firstPause = Duration.seconds(5)
    private static let longestPause = Duration.seconds(60)

    private var pause = ReminderSchedule.firstPause
    /// When the next reminder is due.
    private(set) var next: Duration

    init(from now: Duration) { next = now + Self.firstPause }

    /// Whether a reminder is due, which counts as given then.
    mutating func isDue(at now: Duration) -> Bool {
        guard now >= next else { return false }
        pause = min(pause * 2, Self.longestPause)
        next = now + pause
        return true
    }
}

// MARK: - Starting the command after `--`

extension Daemon {
    /// Whether the command can be started as soon as there are data: all resource files and templates can be used. What is
    /// wrong is logged; no key can mend it, and whoever started the container waits for an answer.
    func childCanStart() -> Bool {
        guard let supervisor else { return true }
        let hasGoodTemplates = inventory.resources.map(pipeline.reportTemplate(of:)).allSatisfy { $0 }
        if inventory.errors.isEmpty, hasGoodTemplates { return true }
        logger.fatal("\(supervisor.name) is not started: no key in the store can mend these errors")
        return false
    }

    /// Starts the command once every resource has been brought in step. It reads their files as it starts, so reloads
    /// that are owed until then are not run.
    func startChildWhenReady(at now: Duration) throws(SystemError) {
        guard let supervisor, !supervisor.hasStarted, inventory.isComplete else { return }
        guard entries.keys.allSatisfy({ agenda[$0]?.hasBeenInStep ?? false }) else { return }
        for (id, entry) in entries {
            guard let reload = entry.reload else { continue }
            pipeline.settle(reload)
            entries[id]?.noteReload()
            agenda.tell(id, at: now) { $0.settleReload() }
        }
        agenda.holdsReloads = false
        try self.supervisor?.start { [inbox] status in inbox.post(.childEnded(status)) }
        if self.supervisor?.exitCode != nil { stop(at: now) }
    }

    /// Says again what the command waits for, or a container that does nothing would say nothing.
    func remindOfWaiting(at now: Duration) {
        guard let supervisor, !supervisor.hasStarted, childReminder.isDue(at: now) else { return }
        let waiting = waitingResources
        guard let first = waiting.first else {
            let what = inventory.errors.first?.summary ?? "a resource file in \(inventory.folder)"
            return logger.warning("\(supervisor.name) is not started yet, it waits for \(what)")
        }
        let more = waiting.count == 1 ? "" : " (and for \(waiting.count - 1) more)"
        logger.warning(
            "\(supervisor.name) is not started yet, it waits for \(first.name)\(more): \(obstacle(of: first))", first)
    }

    /// The resources whose files have not been in step yet, by name.
    private var waitingResources: [Resource] {
        entries.filter { !(agenda[$0.key]?.hasBeenInStep ?? false) }.map(\.value.resource).sorted { $0.name < $1.name }
    }

    /// Why a resource is not in step, in one line.
    private func obstacle(of resource: Resource) -> String {
        if let failure = pipeline.lastFailure(of: resource) { return failure }
        guard let entry = ids[resource.name].flatMap({ entries[$0] }), let source = sources[entry.source] else {
            return "it is being applied"
        }
        let kind = resource.backend.name
        if let failure = source.follower.failure { return "backend \(kind): \(failure.message)" }
        return source.edition == nil ? "its keys have not been read from \(kind) yet" : "it is being applied"
    }
}
