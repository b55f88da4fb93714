import Backends
import Posix

/// The owner of leases. Their ids are derived from it, so that a program that is started again takes over its own. No two
/// programs may run with the same identity, because each deletes keys of its leases that it does not know.
package struct LeaseIdentity: Hashable, Sendable {
    package let machine: String
    /// Changes when the machine starts: cloned machines may have the id and the name of the first.
    package let boot: String
    package let host: String
    /// Tells programs on one host apart: the configuration directory, or the key of a single registration.
    package let purpose: String

    package init(machine: String, boot: String, host: String, purpose: String) {
        self.machine = machine
        self.boot = boot
        self.host = host
        self.purpose = purpose
    }

    /// This machine's. What it does not have, as a container may have no machine id, is left out.
    package static func current(purpose: String) -> LeaseIdentity {
        LeaseIdentity(
            machine: content("/etc/machine-id"), boot: content("/proc/sys/kernel/random/boot_id"),
            host: (try? Host.name()) ?? "", purpose: purpose)
    }

    private static func content(_ path: String) -> String {
        (try? Files.read(path, limit: 4096)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Its lease for keys that outlive it by `seconds`.
    func lease(seconds: Int64) -> Lease {
        // FNV-1a, which has a short definition that stays the same.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in [machine, boot, host, purpose, "\(seconds)"] {
            // A NUL byte, which none of them holds, separates the parts.
            for byte in Array(part.utf8) + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        // etcd wants more than 0.
        return Lease(id: max(1, Int64(hash >> 1)), seconds: seconds)
    }
}
