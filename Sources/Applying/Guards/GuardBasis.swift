import KeyValue
import Posix

/// The keys that the file of a resource was made from last.
package struct AppliedKeys: Sendable {
    package let counts: KeyCounts
    /// The inputs that verdicts of health checks do not change; nil where they do not matter and, after a restart, are not known.
    package let origin: Origin?

    /// The keys themselves, as they are in the store, and the templates.
    package struct Origin: Sendable {
        let keys: Snapshot
        let sources: [String: FileStatus?]

        /// Whether nothing but verdicts can be different.
        func isSame(as other: Origin) -> Bool { sources == other.sources && keys.hasSameContents(as: other.keys) }
    }

    package init(_ counts: KeyCounts, origin: Origin? = nil) {
        self.counts = counts
        self.origin = origin
    }
}

/// What the guard of a resource compares a rendering with.
package struct GuardBasis: Sendable {
    /// nil if nothing is known.
    let applied: AppliedKeys?
    /// Whether a rendering beyond the limits is applied all the same: it was held for long enough, or released.
    let isBelieved: Bool
    /// Whether `applied` survives a restart.
    let isKept: Bool

    package init(applied: AppliedKeys?, isBelieved: Bool, isKept: Bool) {
        self.applied = applied
        self.isBelieved = isBelieved
        self.isKept = isKept
    }
}

/// What the guard of a resource found in a rendering.
package struct GuardReport: Sendable {
    package let keys: AppliedKeys
    /// Empty if it is within the limits.
    package let violations: [GuardViolation]

    package init(keys: AppliedKeys, violations: [GuardViolation]) {
        self.keys = keys
        self.violations = violations
    }
}
