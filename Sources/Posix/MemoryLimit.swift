import CPosix
import Glibc

/// How much memory this process may have (`ulimit -v`, `ulimit -d`).
///
/// An allocation that fails ends a Swift program. So where address space is limited, every size that others choose
/// (files, answers, outputs) is limited to a part of it, and exceeding that is a named error. Limits on memory in use
/// (cgroups) are not looked at, because reserving memory does not count towards them.
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

    /// Where memory is limited, makes all threads share one malloc arena: each arena reserves 64 MiB of address space.
    /// Call it before there is a second thread.
    package static func prepare() {
        // It fails only for an option that does not exist.
        if current != nil { _ = mallopt(M_ARENA_MAX, 1) }
    }
}
