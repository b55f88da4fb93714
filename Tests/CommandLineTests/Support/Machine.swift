import Foundation
import Glibc
import Synchronization
import Testing

/// What this machine offers to the tests.
enum Machine {
    /// The environment of everything the tests start.
    static let environment = {
        // The variables of a sanitizer are passed on to the binary under test.
        let sanitizer = ProcessInfo.processInfo.environment.filter { ["LD_PRELOAD", "TSAN_OPTIONS"].contains($0.key) }
        return sanitizer.merging([
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "ETCDCTL_API": "3",
            // Daemons of tests must not share a socket or state with each other, nor with a confd of this machine.
            "CONFD_CONTROL_SOCKET": "none", "CONFD_STATE_DIR": "none",
        ]) { $1 }
    }()

    static let isRoot = geteuid() == 0
    /// The etcd of the tests; `CONFD_TEST_ETCD` names another version than the installed one.
    static let etcd = ProcessInfo.processInfo.environment["CONFD_TEST_ETCD"] ?? "etcd"
    static let hasAge = hasTool("age") && hasTool("age-keygen")
    static let hasEtcd = hasTool("etcd") && hasTool("etcdctl")
    static let hasRedis = hasTool("redis-server") && hasTool("redis-cli")
    static let hasZookeeper = hasTool("java") && access("/usr/share/java/zookeeper.jar", R_OK) == 0
    static let hasNginx = hasTool("nginx")
    static let hasHAProxy = hasTool("haproxy")
    static let hasCaddy = hasTool("caddy")
    static let hasWrk = hasTool("wrk")
    static let hasOpenssl = hasTool("openssl")
    static let hasSetpriv = hasTool("setpriv")

    /// Whether a folder for temporary files can be made append-only: not on each file system.
    static let makesAppendOnly: Bool = {
        guard isRoot, hasTool("chattr") else { return false }
        let folder = NSTemporaryDirectory() + "/confd-append-only-\(getpid())"
        return succeeds(
            "mkdir \(folder) && chattr +a \(folder) && chattr -a \(folder); made=$?; rmdir \(folder); exit $made")
    }()

    /// Whether root may make a mount namespace here and bind a file in it: not in every container.
    static let canBindMount: Bool = {
        guard isRoot, hasTool("unshare") else { return false }
        return succeeds("unshare -m mount --bind /etc/hostname /etc/hostname")
    }()

    /// Whether the shell runs `script` with exit code 0.
    private static func succeeds(_ script: String) -> Bool {
        let trial = Process()
        trial.executableURL = URL(fileURLWithPath: "/bin/sh")
        trial.arguments = ["-c", script]
        trial.standardError = FileHandle.nullDevice
        do { try trial.run() } catch { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }

    static let hostname: String = {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// The folder of this test target's sources.
    static let testFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path

    /// The built binary: `CONFD_BINARY`, or the one that lies beside this test bundle.
    static let confd: String = {
        if let given = ProcessInfo.processInfo.environment["CONFD_BINARY"] { return given }
        let bundle = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = bundle.deletingLastPathComponent().appendingPathComponent("confd").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return testFolder + "/../../.build/debug/confd"
    }()

    /// Whether `confd` takes `CONFD_FAULTS`: debug builds do.
    static let injectsFaults = confd.contains("/debug/")
    static let needsFaults: Comment = "release builds inject no faults"

    private static func hasTool(_ name: String) -> Bool {
        let folders = environment["PATH", default: ""].split(separator: ":")
        return folders.contains { access("\($0)/\(name)", X_OK) == 0 }
    }
}
