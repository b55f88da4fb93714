import Foundation

/// A real DNS server on a loopback address, used only by commands that are started `inside`: libresolv reads the server's
/// address from `/etc/resolv.conf` and nowhere else, and its port is always 53.
final class NameServer {
    typealias Record = (name: String, target: String, port: UInt16, priority: Int)

    let address: String
    private let configuration: String
    private let process: ServerProcess

    static let isPossible = Machine.canBindMount && access("/usr/sbin/dnsmasq", X_OK) == 0

    /// `options` is the line of that name in the `/etc/resolv.conf` of commands `inside`.
    init(
        in box: Sandbox, address: String? = nil, records: [Record] = [], options: String = "timeout:1 attempts:5"
    ) throws {
        // Any address of 127.0.0.0/8 is this machine; a random one differs from those of tests that run at the same time.
        let address = address ?? "127.\(Int.random(in: 1..<255)).\(Int.random(in: 0..<255)).\(Int.random(in: 1..<255))"
        self.address = address
        configuration = box.path("resolv.conf")
        try box.write("resolv.conf", "nameserver \(address)\noptions \(options)\n", mode: 0o644)
        let services = records.map { record in
            let name = record.name.hasSuffix(".") ? String(record.name.dropLast()) : record.name
            return "--srv-host=\(name),\(record.target),\(record.port),\(record.priority)"
        }
        process = try ServerProcess(
            "/usr/sbin/dnsmasq",
            [
                "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=",
                "--user=root", "--bind-interfaces", "--listen-address=\(address)", "--local=/example.test/",
                "--host-record=node.example.test,127.0.0.1",
            ] + services, directory: "/")
    }

    /// Sends a signal: `SIGSTOP` suspends the server, `SIGCONT` resumes it.
    func signal(_ signal: Int32) { process.signal(signal) }

    /// `command` in a mount namespace whose `/etc/resolv.conf` names this server; it starts once the server listens.
    func inside(_ command: ChildCommand) -> ChildCommand {
        var inside = command
        inside.executable = "unshare"
        let script =
            "until (exec 3<>/dev/tcp/\(address)/53) 2>/dev/null; do sleep 0.02; done;"
            + #" mount --bind "$0" /etc/resolv.conf && exec "$@""#
        inside.arguments = ["-m", "bash", "-c", script, configuration, command.executable] + command.arguments
        return inside
    }
}
