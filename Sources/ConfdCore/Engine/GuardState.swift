import Applying
import Posix

/// A rendering that is held. The file stays until a rendering is within the limits, the time is over, or it is released.
package struct Hold: Equatable, Sendable {
    /// When the first rendering was held, for people and for the state directory.
    package let since: WallTime
    /// The same on the clock that decides, which a restart or a change of the date does not move.
    fileprivate let start: Duration
    /// Whether an operator lets it through.
    package fileprivate(set) var isReleased = false
    /// What would be lost; empty after a restart, until it is rendered.
    package fileprivate(set) var violations: [GuardViolation] = []
    /// How many files of items there were when their removal was held first: what is added since makes no room for a larger loss.
    package fileprivate(set) var fileCount: Int?
    /// Whether this process has logged it.
    fileprivate var isAnnounced = false

    /// When it is believed; nil: only when it is released.
    package func deadline(_ time: Duration) -> Duration? { time > .zero ? start + time : nil }
}

/// What is applied and what is held of one resource, as its guard sees it. Outcomes and time in, decisions out.
struct GuardState {
    /// What an outcome means for the hold.
    enum Event: Equatable {
        /// It is held, which this process says for the first time.
        case held
        /// It ended because a rendering is within the limits.
        case backInLimits
        /// It ended because its time was over.
        case believed
        case released
    }

    private(set) var applied: AppliedKeys?
    private(set) var hold: Hold?

    /// Nothing is known yet.
    init() {}

    /// As an earlier process left it: `since` is when it was held first, and the time since then counts, if `wall` is not
    /// before it.
    init(
        _ counts: KeyCounts?, heldSince since: WallTime?, fileCount: Int? = nil, isReleased: Bool, at now: Duration,
        wall: WallTime
    ) {
        applied = counts.map { AppliedKeys($0) }
        guard let since else { return }
        let elapsed = max(0, wall.seconds - since.seconds)
        hold = Hold(since: since, start: now - .seconds(elapsed), isReleased: isReleased, fileCount: fileCount)
    }

    /// Whether both are the same as far as the state directory keeps them.
    func keepsSame(as other: GuardState) -> Bool {
        applied?.counts == other.applied?.counts && hold?.since == other.hold?.since
            && hold?.isReleased == other.hold?.isReleased && hold?.fileCount == other.hold?.fileCount
    }

    /// Whether what is beyond the limits is applied at `now`, after having been held for `time` (zero: until released).
    func isBelieved(after time: Duration, at now: Duration) -> Bool {
        guard let hold else { return false }
        return hold.isReleased || hold.deadline(time).map { now >= $0 } ?? false
    }

    /// When what is held is believed, after having been held for `time`; nil if nothing is, or never without a release.
    func end(of time: Duration, at now: Duration) -> Duration? {
        guard let hold else { return nil }
        return hold.isReleased ? now : hold.deadline(time)
    }

    /// A rendering was held.
    mutating func held(_ violations: [GuardViolation], at now: Duration, wall: WallTime) -> Event? {
        var hold = self.hold ?? Hold(since: wall, start: now)
        hold.violations = violations
        hold.fileCount = hold.fileCount ?? violations.lazy.compactMap(\.fileCount).first
        defer { self.hold = hold }
        if hold.isAnnounced { return nil }
        hold.isAnnounced = true
        return .held
    }

    /// The file is what a rendering gave; `report` is nil without a guard.
    mutating func applied(_ report: GuardReport?) -> Event? {
        defer { hold = nil }
        applied = report?.keys
        guard let hold, let report else { return nil }
        if report.violations.isEmpty { return .backInLimits }
        return hold.isReleased ? .released : .believed
    }

    /// Lets through what is held; false if nothing is.
    mutating func release() -> Bool {
        if hold == nil { return false }
        hold?.isReleased = true
        return true
    }
}
