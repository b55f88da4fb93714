import Foundation
import Glibc
import TestSupport
import Testing

/// Hosts that share one etcd: each is a confd in a namespace with its own hostname (`unshare -u`).
final class Hosts {
    let box: Sandbox
    let count: Int
    /// How daemons find etcd, and how `confd rollout` does.
    private let nodes: [String]
    private let node: String
    private var daemons: [Int: Child] = [:]

    /// `settings` and `verification` are further lines of `[rollout]` in each host's confd.toml, `fields` further lines of its
    /// `[template]`; `reload` is shell text before the command that records a reload.
    init(
        _ box: Sandbox, nodes: [String], node: String, count: Int, settings: String, reload: String = "",
        verification: String = "", fields: String = ""
    ) throws {
        self.box = box
        self.nodes = nodes
        self.node = node
        self.count = count
        for number in 1...count {
            let folder = "host\(number)"
            try box.write(
                "\(folder)/confd.toml",
                "[rollout]\ngroup = \"web\"\n\(settings)\n\(verification)\nverify_timeout = \"5s\"\n")
            try box.write(
                "\(folder)/conf.d/app.toml",
                """
                [template]
                src = "app.tmpl"
                dest = "\(box.out)/\(folder)"
                keys = ["/app"]
                \(fields)
                reload_cmd = '''\(reload)echo $(date +%s.%N) \(folder) $(cat {{.dest}}) >>\(box.root)/reloads'''

                """)
            try box.write("\(folder)/templates/app.tmpl", "{{getv \"/app/a\"}}")
            try box.write("out/\(folder)", "0")
        }
    }

    /// Gives each host a service with the time to live that the keys of rollouts have. Call it before the hosts are started.
    func addServices() throws {
        for number in 1...count {
            try box.write(
                "host\(number)/conf.d/service.toml",
                "[service]\nkey = \"/services/host\(number)\"\nvalue = \"here\"\nttl = \"15s\"\n")
        }
    }

    func startAll() throws { for number in 1...count { try start(number) } }

    /// `faults` is the value of `CONFD_FAULTS`.
    func start(_ number: Int, faults: String? = nil) throws {
        let folder = box.path("host\(number)")
        var command = box.command(
            [
                "-watch", "-interval", "0", "-confdir", folder, "-config-file",
                folder + "/confd.toml",
                "-control-socket", folder + "/socket", "-state-dir", folder + "/state",
            ] + nodes.flatMap { ["-node", $0] },
            environment: faults.map { ["CONFD_FAULTS": $0] } ?? [:], confdir: false)
        let script = "hostname host\(number) && exec \"$@\""
        command.arguments = ["-u", "sh", "-c", script, "sh", command.executable] + command.arguments
        command.executable = "unshare"
        daemons[number] = try Child(command)
    }

    /// Whether its daemon was started and has not ended by itself.
    func isRunning(_ number: Int) -> Bool { daemons[number]?.isRunning ?? false }

    func kill(_ number: Int) { daemons.removeValue(forKey: number)?.send(SIGKILL) }

    func stop(_ number: Int) async throws {
        guard let daemon = daemons.removeValue(forKey: number) else { return }
        try await CommandLineTests.stop(daemon)
    }

    /// Sends `SIGTERM` to a daemon, which may be dead already, and returns how it ended; nil if it was not started.
    func end(_ number: Int) async throws -> Finished? {
        guard let daemon = daemons.removeValue(forKey: number) else { return nil }
        daemon.send(SIGTERM)
        return try await daemon.wait()
    }

    func stopAll() async throws { for number in daemons.keys.sorted() { try await stop(number) } }

    func log(_ number: Int) -> String { daemons[number]?.standardError ?? "" }

    /// What the file of each host holds.
    var files: [String] { (1...count).map { box.output("host\($0)") ?? "" } }

    func allHold(_ value: String) async throws -> Bool {
        try await eventually { files.allSatisfy { $0 == value } }
    }

    /// The reloads so far: the host, what its file held, and when that was, in seconds since 1970.
    var reloads: [(host: String, value: String, seconds: Double)] {
        (box.read("reloads") ?? "").split(separator: "\n").map { line in
            let parts = line.split(separator: " ")
            return (String(parts[1]), parts.count > 2 ? String(parts[2]) : "", Double(parts[0]) ?? 0)
        }
    }

    /// `confd rollout VERB web`.
    func rollout(_ verb: String, _ options: String...) async throws -> Finished {
        let arguments = ["rollout", verb, "web", "-node", node] + options
        return try await run(box.command(arguments, confdir: false))
    }

    /// Waits until `confd rollout status` counts all hosts.
    func areThere() async throws -> Bool {
        try await eventually(answer: {
            try await rollout("status").standardOutput.split(separator: "\n").dropFirst().contains {
                $0.split(separator: " ").dropFirst(3).first == "\(count)"
            }
        })
    }
}

/// Runs `body` with `count` hosts and an etcd; the key `/app/a` and the file of each host hold "0".
func withHosts(
    _ count: Int, _ settings: String, reload: String = "", verification: String = "", fields: String = "",
    _ body: (Hosts, FaultRig) async throws -> Void
) async throws {
    try await withRig { rig in
        try rig.client.put("/app/a", "0")
        let hosts = try Hosts(
            rig.box, nodes: [rig.node], node: rig.etcd.endpoint, count: count, settings: settings, reload: reload,
            verification: verification, fields: fields)
        try hosts.startAll()
        #expect(try await hosts.areThere(), "\(hosts.log(1))")
        try await body(hosts, rig)
        try await hosts.stopAll()
    }
}
