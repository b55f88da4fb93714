import CPosix
import Glibc

/// How much memory this process may have (`ulimit -v`, `ulimit -d`).
///
/// An allocation that fails ends a Swift program. So where memory is limited all sizes that somebody else chooses are too,
/// each to a part of it, and what goes beyond that is a named error. A limit on what is used rather than asked for (cgroups)
/// is not looked at: it costs nothing to ask for much.
package enum MemoryLimit {
    /// The limit in bytes; nil if there is none.
    package static let current: Int? = {
        let limits = [soft(RLIMIT_AS), soft(RLIMIT_DATA)].compactMap { $0 }
        return limits.min()
    }()

    private static func soft(_ resource: __rlimit_resource) -> Int? {
        var limit = rlimit()
        // It fails only for a resource that does not exist.
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        // No limit is the largest number there is, RLIM_INFINITY.
        return Int(exactly: limit.rlim_cur)
    }

    /// `size`, or 1/`divisor` of the limit where that is less.
    package static func bounded(_ size: Int, to divisor: Int, of limit: Int? = current) -> Int {
        min(size, limit.map { $0 / divisor } ?? size)
    }

    /// Where memory is limited all threads take theirs from one place, where each would reserve 64 MiB. To be called before
    /// there is a second thread.
    package static func prepare() {
        // It fails only for an option that does not exist.
        if current != nil { _ = mallopt(M_ARENA_MAX, 1) }
    }
}
