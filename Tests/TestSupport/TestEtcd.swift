import Glibc
import Synchronization

/// A real etcd with one member on 127.0.0.1, which can be killed, started again and emptied.
package final class TestEtcd: Sendable {
    package let port: UInt16
    private let directory: MemoryDirectory
    private let member: EtcdMember
    private let arguments: String
    private let process = Mutex<BackgroundProcess?>(nil)

    /// Starts it, with `arguments` as further flags of etcd, and waits until it serves.
    package init(arguments: String = "") throws {
        try Shell.run("command -v etcd etcdctl || { echo install etcd-server and etcd-client; false; }")
        port = try Ports.free()
        member = try EtcdMember.alone()
        directory = try MemoryDirectory()
        self.arguments = arguments
        try start()
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// Starts it with the data that it has, and waits until it serves.
    package func start() throws {
        let own = member.arguments(directory: directory.path, clientURL: url).joined(separator: " ")
        let started = try BackgroundProcess("etcd \(own) \(arguments)")
        process.withLock { $0 = started }
        try Shell.run(
            """
            for i in $(seq 600); do curl -sf -m 1 \(url)/health | grep -q true && exit 0; sleep 0.05; done
            echo etcd does not become healthy; false
            """)
    }

    /// `SIGKILL`; its data stay.
    package func kill() { process.withLock { $0 = nil } }

    /// Forgets all data; it must not run.
    package func wipe() throws { try Shell.run("rm -rf \(directory.path)/*") }

    /// What etcdctl prints.
    @discardableResult
    package func control(_ arguments: String) throws -> String {
        try Shell.run("ETCDCTL_API=3 etcdctl --endpoints \(url) \(arguments)")
    }

    /// The keys below `prefix` and their values, which have no line breaks; `access` are further flags.
    package func keys(_ prefix: String, access: String = "") throws -> [String: String] {
        let lines = try control("\(access) get --prefix \(prefix)").split(
            separator: "\n", omittingEmptySubsequences: false)
        var keys: [String: String] = [:]
        for index in stride(from: 0, to: lines.count - 1, by: 2) {
            keys[String(lines[index])] = String(lines[index + 1])
        }
        return keys
    }
}
