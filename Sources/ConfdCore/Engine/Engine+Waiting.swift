import Posix

/// Requests of `confd wait` at the control socket. Used by the engine's thread.
struct Waiters {
    private struct Waiter {
        /// nil once the connection is closed, which owns it.
        weak var request: WaitRequest?
    }

    /// For this long the watch has time to bring a revision. After that the store is read: the revision may be of a key that no
    /// resource here reads, and of those the watch says nothing.
    private static let patience = Duration.milliseconds(500)
    private static let longestPause = Duration.seconds(10)

    private var waiters: [Waiter] = []
    private var pause = Waiters.patience
    /// When the store is read for them; nil while nobody waits for a revision.
    private(set) var nextRead: Duration?

    var isEmpty: Bool { waiters.isEmpty }

    /// Adds one; with `atOnce` the store is read at once, because nobody watches it.
    mutating func add(_ request: WaitRequest, atOnce: Bool, at now: Duration) {
        waiters.append(Waiter(request: request))
        guard request.condition.revision != nil else { return }
        pause = Self.patience
        let read = atOnce ? now : now + pause
        nextRead = nextRead.map { min($0, read) } ?? read
    }

    /// Gives each its verdict, and drops those that have one or have left.
    mutating func answer(_ verdict: (WaitCondition) -> WaitCondition.Verdict) {
        waiters.removeAll { waiter in
            guard let request = waiter.request else { return true }
            let verdict = verdict(request.condition)
            if case .pending = verdict {
                request.question.note(verdict)
                return false
            }
            request.question.answer(verdict)
            return true
        }
        if !waiters.contains(where: { $0.request?.condition.revision != nil }) { nextRead = nil }
    }

    /// Whether the store is to be read now, which counts as done then.
    mutating func takeRead(at now: Duration) -> Bool {
        guard let nextRead, now >= nextRead else { return false }
        self.nextRead = now + pause
        pause = min(pause * 2, Self.longestPause)
        return true
    }

    /// The revisions that are waited for.
    var revisions: [Int64] { waiters.compactMap { $0.request?.condition.revision } }
}

extension Engine {
    /// Answers the requests whose condition is decided; to be called when all actions that are due have begun.
    func answerWaiters(at now: Duration) throws(SystemError) {
        if waiters.isEmpty { return }
        let resources = resourceStatuses(at: now)
        let progress = sources.values.filter { $0.key.separate == nil || $0.snapshot != nil }.map { source in
            WaitCondition.Progress(
                name: "\(source.key.backend.name) \(source.key.backend.sources.joined(separator: ", "))",
                revision: source.isCached ? nil : source.snapshot?.snapshot.revision,
                // Resources whose keys may not be read say so themselves.
                isRefused: source.snapshot != nil && source.isRefused,
                isMain: source.key.backend == settings.backend)
        }.sorted { $0.name < $1.name }
        waiters.answer { $0.verdict(progress, resources, unusable: inventory.unusable) }
        guard waiters.takeRead(at: now) else { return }
        for source in sources.values where isBehind(source) {
            source.requestedGeneration = try source.follower.read(source.follower.ranges)
        }
    }

    /// Whether somebody waits for a later revision of a store that answers.
    private func isBehind(_ source: Source) -> Bool {
        guard let revision = source.snapshot?.snapshot.revision, revision > 0 else { return false }
        // What is being read need not be asked for again.
        guard source.deliveredGeneration == source.requestedGeneration, source.follower.failure == nil else {
            return false
        }
        return waiters.revisions.contains { $0 > revision }
    }
}
