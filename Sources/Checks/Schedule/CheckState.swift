/// What is known about one target: results in, verdict out. Pure; times come in.
package struct CheckState: Equatable, Sendable {
    /// What counts now: `initial` until there is a verdict.
    package private(set) var verdict: Verdict
    /// Whether a probe has told.
    package private(set) var hasVerdict = false
    /// Whether any probe has ended, with a result or without.
    package private(set) var wasProbed = false
    /// In a row, up to now.
    package private(set) var successes = 0
    package private(set) var failures = 0
    /// When the first of the successes in a row came.
    private var firstSuccess: Duration?
    /// When the verdict began, or the target came.
    package private(set) var since: Duration
    /// The last failure since the target was last healthy.
    package private(set) var failure: ProbeFailure?
    /// Why the last probe told nothing, nil if it did.
    package private(set) var obstacle: ProbeObstacle?

    /// What a result changed.
    package struct Change: Equatable, Sendable {
        /// The first probe of the target has ended.
        package var isFirst = false
        /// The verdict is another one than before; `initial` counts as one.
        package var isTransition = false
        /// It could not be probed, and that is new.
        package var isNewObstacle = false
    }

    /// A target that nothing is known about.
    package init(initial: Verdict, at time: Duration) {
        verdict = initial
        since = time
    }

    /// Takes the result of a probe that ended at `time`, by the check's options.
    package mutating func take(_ result: ProbeResult, _ options: HealthCheck.Options, at time: Duration) -> Change {
        var change = Change(isFirst: !wasProbed)
        wasProbed = true
        switch result {
        case .success:
            successes += 1
            failures = 0
            firstSuccess = firstSuccess ?? time
        case .failure(let reason):
            failures += 1
            successes = 0
            firstSuccess = nil
            failure = reason
        case .inconclusive(let reason):
            // The words may differ each time.
            change.isNewObstacle = obstacle == nil
            obstacle = reason
            return change
        }
        obstacle = nil
        change.isTransition = decide(options, at: time)
        if verdict == .up, failures == 0 { failure = nil }
        return change
    }

    /// Whether the counts make another verdict.
    private mutating func decide(_ options: HealthCheck.Options, at time: Duration) -> Bool {
        let isAlone = !hasVerdict && options.firstProbeDecides
        let decided: Verdict
        if successes >= (isAlone ? 1 : options.rise) {
            // A verdict of down must be outlived, not what was assumed before there was one.
            if hasVerdict, verdict == .down, time - (firstSuccess ?? time) < options.slowStart { return false }
            decided = .up
        } else if failures >= (isAlone ? 1 : options.fall) {
            decided = .down
        } else {
            return false
        }
        hasVerdict = true
        guard decided != verdict else { return false }
        verdict = decided
        since = time
        return true
    }
}
