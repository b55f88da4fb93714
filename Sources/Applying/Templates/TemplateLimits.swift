import Posix
import TextTemplate

/// The limits of one rendering.
package enum TemplateLimits {
    /// The time that it may take.
    private static let timeLimit = Duration.seconds(60)
    /// After this long `isUnwanted` is polled, so that the worker can be replaced.
    private static let slowness = Duration.milliseconds(200)

    /// The engine's limits, in proportion to the memory that there is, with a deadline from now.
    package static func fromNow(_ isUnwanted: @escaping @Sendable () -> Bool = { false }) -> Limits {
        let start = Clock.monotonic()
        var limits = Limits()
        limits.outputSize = MemoryLimit.bounded(limits.outputSize, to: 4)
        limits.outputReserve = MemoryLimit.bounded(limits.outputReserve, to: 32)
        limits.isPastDeadline = {
            let time = Clock.monotonic() - start
            return time > timeLimit || time > slowness && isUnwanted()
        }
        return limits
    }
}
