import Posix

/// The health of a target, as templates, status and logs show it.
package struct Health: Equatable, Sendable {
    package let verdict: Verdict
    /// Whether a probe has told; without that the verdict is `initial`.
    package let hasVerdict: Bool
    /// Whether any probe has ended, with a result or without.
    package let wasProbed: Bool
    /// Successes in a row.
    package let rise: Int
    /// Failures in a row.
    package let fall: Int
    /// The name of the check, for example `http`.
    package let type: String
    /// When the verdict began, or the target came.
    package let since: WallTime
    /// The last failure since the target was last healthy, else why it could not be probed, for example `http: status 503`.
    package let error: String?

    /// Whether it counts as up.
    package var isUp: Bool { verdict == .up }

    init(_ target: CheckedTarget, _ state: CheckState, at now: Duration) {
        type = target.check.kind.name
        verdict = state.verdict
        hasVerdict = state.hasVerdict
        wasProbed = state.wasProbed
        rise = state.successes
        fall = state.failures
        since = Clock.wall().earlier(by: max(now - state.since, .zero))
        error = state.failure?.message(target.probeName) ?? state.obstacle?.message
    }
}

extension WallTime {
    fileprivate func earlier(by time: Duration) -> WallTime {
        let (seconds, attoseconds) = time.components
        let nanoseconds = Int64(self.nanoseconds) - attoseconds / 1_000_000_000
        let borrowed: Int64 = nanoseconds < 0 ? 1 : 0
        return WallTime(
            seconds: self.seconds - seconds - borrowed, nanoseconds: Int32(nanoseconds + borrowed * 1_000_000_000))
    }
}
