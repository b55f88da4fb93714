import Posix
import Synchronization
import TestSupport

@testable import Appliers

/// A real haproxy with one frontend and the backends `web` and `fixed`, whose algorithm takes no new servers.
final class RunningHaproxy: Sendable {
    let directory: TemporaryDirectory
    /// Where it takes requests.
    let port: UInt16
    private let process = Mutex<BackgroundProcess?>(nil)

    var socket: String { directory("admin.sock") }

    /// `servers` are the lines of the backend `web`.
    init(servers: String = "", level: String = "admin", defaults: String = "") throws {
        directory = try TemporaryDirectory()
        port = try Ports.free()
        try directory.write(
            "haproxy.cfg",
            """
            global
              stats socket \(directory("admin.sock")) mode 600 level \(level) expose-fd listeners
              nbthread 2
              maxconn 500
            defaults
              mode http
              timeout connect 2s
              timeout client 20s
              timeout server 20s
              \(defaults)
            frontend front
              bind 127.0.0.1:\(port)
              default_backend web
            backend web
              balance roundrobin
            \(servers)
            backend fixed
              balance static-rr
              server s1 127.0.0.1:1

            """)
        try start()
    }

    /// Starts it, and waits until it answers.
    func start() throws {
        let pidFile = directory("haproxy.pid")
        let started = try BackgroundProcess(
            "haproxy -W -db -f \(directory("haproxy.cfg")) -p \(pidFile)", cleanUp: "rm -f \(pidFile)")
        process.withLock { $0 = started }
        try Shell.run(
            """
            for try in $(seq 400); do
              echo 'show info' | socat -t 5 - UNIX-CONNECT:\(socket) 2>/dev/null | grep -q '^Stopping: 0' && exit 0
              sleep 0.05
            done
            exit 1
            """)
    }

    /// Kills master and worker.
    func kill() throws {
        try Shell.run("master=$(cat \(directory("haproxy.pid"))) && kill -KILL $master $(pgrep -P $master) || true")
        process.withLock { $0 = nil }
    }

    /// Starts a new worker in place of the old one, which goes on until its last connections end.
    func reload() throws {
        // A master that is still reloading may ignore the signal, so it is sent again every 100 tries.
        try waitForOneWorker()
        let old = try info("Pid")
        try Shell.run(
            """
            for try in $(seq 400); do
              [ $((try % 100)) != 1 ] || kill -USR2 $(cat \(directory("haproxy.pid")))
              new=$(echo 'show info' | socat -t 5 - UNIX-CONNECT:\(socket) 2>/dev/null | sed -n 's/^Pid: //p')
              [ -n "$new" ] && [ "$new" != \(old) ] && exit 0
              sleep 0.05
            done
            exit 1
            """)
    }

    /// Waits until all old workers have ended, which they do once nobody is connected to them.
    func waitForOneWorker() throws {
        try Shell.run(
            """
            for try in $(seq 400); do
              [ $(pgrep -P $(cat \(directory("haproxy.pid"))) | wc -l) = 1 ] && exit 0
              sleep 0.05
            done
            exit 1
            """)
    }

    /// haproxy's answer to a command, asked with socat in place of the driver.
    func say(_ command: String) throws -> String {
        try Shell.run("echo '\(command)' | socat -t 10 - UNIX-CONNECT:\(socket)")
    }

    /// The value of `name` in haproxy's answer to `show info`; empty if there is none.
    func info(_ name: String) throws -> String {
        let line = try say("show info").split(separator: "\n").first { $0.hasPrefix("\(name): ") }
        return String(line?.dropFirst(name.utf8.count + 2) ?? "")
    }

    /// The servers of `web`, without those that are parked (in maintenance, with weight 0): `NAME ADDRESS:PORT WEIGHT
    /// ready|drain|maint`, sorted.
    func servers() throws -> [String] {
        try say("show servers state web").split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            guard fields.count > 20, fields[0] != "#", let admin = Int(fields[6]) else { return nil }
            if admin & 1 != 0, fields[7] == "0" { return nil }
            let state = admin & 1 != 0 ? "maint" : admin & 8 != 0 ? "drain" : "ready"
            return "\(fields[3]) \(fields[4]):\(fields[18]) \(fields[7]) \(state)"
        }.sorted()
    }

    var target: HaproxyDriver.Target { HaproxyDriver.Target(socket: socket, backend: "web")! }

    deinit { try? kill() }
}

extension [DesiredServer] {
    /// In the format of `RunningHaproxy.servers`.
    var asStates: [String] {
        map { "\($0.id) \($0.address.text) \($0.weight) \($0.isDrained ? "drain" : "ready")" }.sorted()
    }
}
