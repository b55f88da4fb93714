import Glibc

/// How many files this process may have open.
package enum DescriptorLimit {
    /// The soft limit, which `open` and its like go by (`ulimit -n`).
    package static var current: Int {
        var limit = rlimit()
        // It fails only for a resource that does not exist.
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// How many of up to `wanted` jobs can run at a time, where each has up to `each` files open and all else up to
    /// `reserve`; at least one.
    package static func jobs(_ wanted: Int, each: Int, reserve: Int, of limit: Int = current) -> Int {
        max(1, min(wanted, (limit - reserve) / each))
    }
}
