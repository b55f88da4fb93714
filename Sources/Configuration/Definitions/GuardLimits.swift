/// `[template.guard]`: what a rendering may lose at once. A rendering that loses more is held, and the old file stays.
package struct GuardLimits: Equatable, Sendable {
    /// A pattern of `min_keys`, and how many keys each path that matches has to have, itself and those below it.
    package struct Minimum: Equatable, Sendable {
        package let pattern: KeyPattern
        package let count: Int
    }

    /// How many keys the resource has to have (`min_keys = 2`); 0 for any number.
    package internal(set) var minKeys = 0
    /// `min_keys = { "/services/*/servers" = 2 }`, in the order of the patterns' texts.
    package internal(set) var minimums: [Minimum] = []
    /// How many percent of the keys of the last applied rendering may be gone; nil for all.
    package internal(set) var maxDrop: Int?
    /// How many percent of the lines of the file in place may be gone; nil for all.
    package internal(set) var maxChange: Int?
    /// After this time a held rendering is applied; zero: never, it is held until it is released.
    package internal(set) var hold = GuardLimits.standardHold

    /// The default of `hold`.
    package static let standardHold = Duration.seconds(600)

    /// Without any limit.
    package init() {}

    /// Whether a rendering can be held at all.
    package var isEmpty: Bool { minKeys == 0 && minimums.isEmpty && maxDrop == nil && maxChange == nil }
}
