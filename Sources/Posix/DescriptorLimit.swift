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

    /// How many jobs may run at a time, from 1 to `wanted`, if each has up to `each` descriptors open and the rest of
    /// the program up to `reserve`.
    package static func jobs(_ wanted: Int, each: Int, reserve: Int, of limit: Int = current) -> Int {
        max(1, min(wanted, (limit - reserve) / each))
    }
}
