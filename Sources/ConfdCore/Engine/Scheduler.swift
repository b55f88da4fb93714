import Configuration
import Posix

/// When one resource is rendered and when its service is reloaded: what happened and the time in, what to do out.
///
/// A resource is in step when nothing is due. Rendering and reloading never overlap for one resource. What failed is due
/// again later, with no new event, unless it is tried once only; what changed while something ran is due after it.
package struct Scheduler: Sendable {
    package enum Action: Equatable, Sendable {
        case render
        case reload
    }

    /// The result of a rendering, with all steps up to the replacement of the file.
    package enum RenderOutcome: Equatable, Sendable {
        /// The file is as it should be.
        case inStep
        /// The file was replaced, and its reload is owed.
        case replaced
        /// The file was right already, but a reload from before is still owed.
        case stillOwed
        /// It will be tried again.
        case failed
        /// The check refused this content: it is asked again after a change, or after a long time, for it may have refused
        /// something else, such as a name that could not be looked up.
        case rejected
        /// The same content was refused before, and was not tried again.
        case refusedBefore
        /// Its guard keeps the old file, or other hosts go first: it is rendered again after a change, or when somebody says so.
        case held
    }

    static let longestPause = Duration.seconds(60)
    /// After failures; half of a pause is random, so that many hosts do not come back together.
    private static let backoff = Backoff(start: .seconds(1), limit: longestPause, jitter: .half)
    /// A file that differs from its rendering within this time after a reload, with no key changed, counts as changed by that
    /// reload.
    static let suspicion = Duration.seconds(2)

    private enum Activity {
        case idle, rendering, reloading
    }

    package var policy: ApplyPolicy
    /// Whether what failed is due again.
    private let triesAgain: Bool
    private var activity = Activity.idle
    private var renderDue: Duration?
    private var reloadDue: Duration?
    /// When the first of the changes came that are being debounced.
    private var firstChange: Duration?
    private var renderFailures = 0
    private var reloadFailures = 0
    /// Until when content that the check refused is not checked again.
    private var refusedUntil: Duration?
    private var lastReload: Duration?
    private var lastReloadEnd: Duration?
    /// How many reloads in a row seem to have changed what their resource is made from, or its file.
    private var loops = 0
    /// How long the reload that is due now was put off, because the last one seems to have caused it.
    package private(set) var dampedPause: Duration?
    /// Randomness, in `0..<1`.
    private let random: @Sendable () -> Double

    /// A resource that has to be rendered at once. Without `triesAgain`, what fails is left as it is.
    package init(
        _ policy: ApplyPolicy, triesAgain: Bool = true, now: Duration,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.policy = policy
        self.triesAgain = triesAgain
        self.random = random
        renderDue = now
    }

    /// The action that is due; the caller has to call `begin` when it starts it.
    package func action(at now: Duration) -> Action? {
        guard activity == .idle else { return nil }
        if let renderDue, renderDue <= now { return .render }
        if let reloadDue, reloadDue <= now { return .reload }
        return nil
    }

    /// When something is to be done next; nil while something runs, or if nothing is due.
    package func deadline(countsReload: Bool = true) -> Duration? {
        guard activity == .idle else { return nil }
        guard countsReload, let reloadDue else { return renderDue }
        return min(renderDue ?? reloadDue, reloadDue)
    }

    /// Nothing runs and nothing is due.
    package var isInStep: Bool { activity == .idle && renderDue == nil && reloadDue == nil }
    package var isRunning: Bool { activity != .idle }
    package var isRendering: Bool { activity == .rendering }
    package var owesRendering: Bool { renderDue != nil }
    /// Whether something runs, or a change has come that was not rendered yet: not for retries alone.
    package var hasNewChange: Bool { activity != .idle || firstChange != nil }
    package var owesReload: Bool { reloadDue != nil }
    /// Whether a check is asked again about content that it refused.
    package func mayCheckAgain(at now: Duration) -> Bool { refusedUntil.map { now >= $0 } ?? true }
    /// Whether its file has been right at some time.
    package private(set) var hasBeenInStep = false
}

// MARK: - Events

extension Scheduler {
    /// Something that the resource reads has changed.
    package mutating func changed(at now: Duration) {
        // Debounced only once the file has been right: a first rendering, or the next one after failures, is due at once.
        guard hasBeenInStep else { return refresh(at: now) }
        let first = firstChange ?? now
        firstChange = first
        renderDue = min(now + policy.debounce, first + max(policy.maxWait, policy.debounce))
    }

    /// The resource is to be looked at anew, at once.
    package mutating func refresh(at now: Duration) {
        renderDue = min(renderDue ?? now, now)
    }

    /// The action was started.
    package mutating func begin(_ action: Action, at now: Duration) {
        precondition(activity == .idle, "one thing at a time")
        switch action {
        case .render:
            activity = .rendering
            renderDue = nil
            firstChange = nil
        case .reload:
            activity = .reloading
            reloadDue = nil
            lastReload = now
        }
    }

    /// The rendering that was begun is over. `keysChanged` says whether a key that it reads differs from what the file was made
    /// from before.
    package mutating func rendered(_ result: RenderOutcome, keysChanged: Bool = true, at now: Duration) {
        precondition(activity == .rendering, "it was begun")
        activity = .idle
        dampedPause = nil
        if result == .failed {
            renderFailures += 1
            tryAgain(at: now + pause(after: renderFailures))
            return
        }
        renderFailures = 0
        switch result {
        case .rejected, .refusedBefore: tryAgain(at: nextCheck(after: result, at: now))
        case .held: return
        case .failed, .inStep, .replaced, .stillOwed: hasBeenInStep = true
        }
        if result == .replaced {
            reloadFailures = 0
            reloadDue = nextReload(at: now)
            if let lastReloadEnd, let pause = loopPause(keysChanged: keysChanged, at: now) {
                dampedPause = pause
                reloadDue = max(reloadDue ?? now, lastReloadEnd + pause)
            }
        } else if result == .stillOwed, reloadDue == nil {
            reloadDue = nextReload(at: now)
        }
    }

    /// The reload that was begun is over.
    package mutating func reloaded(succeeded: Bool, at now: Duration) {
        precondition(activity == .reloading, "it was begun")
        activity = .idle
        lastReloadEnd = now
        if succeeded {
            reloadFailures = 0
        } else {
            reloadFailures += 1
            guard triesAgain else { return }
            reloadDue = now + max(pause(after: reloadFailures), policy.minReloadInterval)
        }
    }

    /// The program stops: nothing is rendered any more. An owed reload is run now, unless one failed before or
    /// `minReloadInterval` is not over: then its mark stays, and the next start finds it.
    package mutating func stop(at now: Duration) {
        renderDue = nil
        guard reloadDue != nil else { return }
        let isTooEarly = lastReload.map { $0 + policy.minReloadInterval > now } ?? false
        reloadDue = reloadFailures > 0 || isTooEarly ? nil : now
    }

    /// The reload that was begun has to go on as a second one, with the times between two reloads.
    package mutating func reloadAgain(at now: Duration) { reloadDue = reloadDue ?? nextReload(at: now) }

    /// Likewise, at once: what is left to do, such as to remove the mark, costs the service nothing.
    package mutating func reloadNow(at now: Duration) { reloadDue = now }

    /// It is not to be rendered any more; a reload that is owed is still run.
    package mutating func withdraw() {
        renderDue = nil
        firstChange = nil
    }

    /// The service has the new files without a reload.
    package mutating func reloadDone() { reloadDue = nil }

    /// Has it rendered again at `time`, if not before.
    private mutating func tryAgain(at time: Duration) {
        if triesAgain { renderDue = min(renderDue ?? time, time) }
    }

    /// When content that was refused is rendered again. Renderings in between do not move the time of the next check: with a
    /// short `-interval` it would be postponed for ever.
    private mutating func nextCheck(after result: RenderOutcome, at now: Duration) -> Duration {
        if result == .refusedBefore, let refusedUntil, refusedUntil > now { return refusedUntil }
        let again = now + Self.longestPause * (0.5 + random() / 2)
        if result == .rejected { refusedUntil = again }
        return again
    }

    private func nextReload(at now: Duration) -> Duration {
        let earliest = lastReload.map { $0 + policy.minReloadInterval } ?? now
        return max(now + policy.splay * random(), earliest)
    }

    /// The pause from the end of the last reload to the next, if the last one seems to have caused the next: a second,
    /// then doubling up to the longest.
    private mutating func loopPause(keysChanged: Bool, at now: Duration) -> Duration? {
        guard !keysChanged, let lastReloadEnd, now - lastReloadEnd <= Self.suspicion else {
            loops = 0
            return nil
        }
        loops += 1
        return min(.seconds(1 << min(loops - 1, 16)), Self.longestPause)
    }

    private func pause(after failures: Int) -> Duration { Self.backoff.pause(after: failures, random: random()) }
}
