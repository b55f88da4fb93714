import Foundation
import Glibc
import Synchronization

/// What this machine offers to the tests.
enum Machine {
    /// The environment of everything the tests start.
    static let environment = {
        // What a sanitizer needs goes on to the binary under test.
        let sanitizer = ProcessInfo.processInfo.environment.filter { ["LD_PRELOAD", "TSAN_OPTIONS"].contains($0.key) }
        return sanitizer.merging([
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "ETCDCTL_API": "3",
        ]) { $1 }
    }()

    static let isRoot = geteuid() == 0
    /// The etcd of the tests; `CONFD_TEST_ETCD` names another version than the installed one.
    static let etcd = ProcessInfo.processInfo.environment["CONFD_TEST_ETCD"] ?? "etcd"
    static let hasEtcd = hasTool("etcd") && hasTool("etcdctl")
    static let hasNginx = hasTool("nginx")
    static let hasHAProxy = hasTool("haproxy")
    static let hasWrk = hasTool("wrk")
    static let hasOpenssl = hasTool("openssl")
    static let hasSetpriv = hasTool("setpriv")

    /// Whether root may make a mount namespace here and bind a file in it: not in every container.
    static let canBindMount: Bool = {
        guard isRoot, hasTool("unshare") else { return false }
        let trial = Process()
        trial.executableURL = URL(fileURLWithPath: "/bin/sh")
        trial.arguments = ["-c", "unshare -m mount --bind /etc/hostname /etc/hostname"]
        trial.standardError = FileHandle.nullDevice
        do { try trial.run() } catch { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()

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

    private static func hasTool(_ name: String) -> Bool {
        let folders = environment["PATH", default: ""].split(separator: ":")
        return folders.contains { access("\($0)/\(name)", X_OK) == 0 }
    }
}

/// Ports on 127.0.0.1 for the servers of the tests, each given out once.
enum Ports {
    private static let given = Mutex<Set<UInt16>>([])

    /// A port nobody listens on, below the range the kernel takes for outgoing connections.
    static func free() throws -> UInt16 {
        for _ in 0..<200 {
            let port = UInt16.random(in: 20_000..<32_000)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            if canBind(port) { return port }
        }
        throw KitError("no free port")
    }

    private static func canBind(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        return bind(descriptor, to: port)
    }

    /// A port that refuses connections, and that nobody else can take while this lives.
    final class Closed: Sendable {
        let number: UInt16
        private let descriptor: Int32

        init() throws {
            number = try Ports.free()
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard Ports.bind(descriptor, to: number) else { throw KitError("port \(number) was taken") }
        }

        deinit { close(descriptor) }
    }

    /// A port that takes connections and never says anything.
    final class Silent: Sendable {
        let number: UInt16
        private let descriptor: Int32

        init() throws {
            number = try Ports.free()
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard Ports.bind(descriptor, to: number), listen(descriptor, 16) == 0 else {
                throw KitError("port \(number) was taken")
            }
        }

        deinit { close(descriptor) }
    }

    private static func bind(_ descriptor: Int32, to port: UInt16) -> Bool {
        var address = loopback(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// The address 127.0.0.1:`port`.
func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return address
}
