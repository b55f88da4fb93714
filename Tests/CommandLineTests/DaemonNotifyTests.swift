import Foundation
import Glibc
import TestSupport
import Testing

/// The messages to systemd (`sd_notify`).
@Suite struct DaemonNotifyTests {
    /// A socket that stands in for systemd's.
    private final class Manager {
        private let descriptor: Int32
        private(set) var messages: [String] = []

        init(path: String) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard bound == 0 else { throw SupportError("cannot bind \(path)") }
        }

        deinit { close(descriptor) }

        /// Receives the messages that have come, and tells whether one of all so far begins with `prefix`.
        func hasReceived(_ prefix: String) -> Bool {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                if count <= 0 { break }
                messages.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
            return messages.contains { $0.hasPrefix(prefix) }
        }
    }

    @Test func tellsOfItsStates() async throws {
        try await withSandbox { box in
            let manager = try Manager(path: box.path("notify"))
            try box.write("keys.yaml", "app: {name: one}\n")
            try box.resource("app", template: #"{{getv "/app/name"}}"#)
            try box.resource("bad", template: #"{{getv "/none"}}"#)
            let daemon = try Child(
                box.command(
                    ["-watch", "-backend", "file", "-file", box.path("keys.yaml")],
                    environment: ["NOTIFY_SOCKET": box.path("notify"), "WATCHDOG_USEC": "400000"]))
            #expect(try await eventually { manager.hasReceived("READY=1") }, "\(daemon.standardError)")
            #expect(box.output("app") == "one", "ready is after the first pass")
            #expect(try await eventually { manager.hasReceived("WATCHDOG=1") })
            daemon.send(SIGHUP)
            #expect(try await eventually { manager.hasReceived("RELOADING=1\nMONOTONIC_USEC=") })
            #expect(
                try await eventually {
                    manager.hasReceived("READY=1") && manager.messages.filter { $0 == "READY=1" }.count == 2
                })
            daemon.send(SIGTERM)
            let done = try await daemon.wait()
            #expect(done.exitCode == 0, "\(done.testDescription)")
            #expect(manager.hasReceived("STOPPING=1"))
        }
    }

    /// `confd register` is ready when the key is there; a daemon with a service whose check fails is ready all the same, for the
    /// service may be ordered after it.
    @Test(.enabled(if: Machine.hasEtcd)) func registerIsReadyWithItsKey() async throws {
        let server = try HealthServer(500)
        try await withRig { rig in
            let (manager, other) = (try Manager(path: rig.box.path("one")), try Manager(path: rig.box.path("two")))
            let register = try Child(
                rig.box.command(
                    [
                        "register", "/s/a", "x", "-check", "http://:\(server.port)/", "-check-interval", "1s", "-node",
                        rig.node,
                    ], environment: ["NOTIFY_SOCKET": rig.box.path("one")], confdir: false))
            try rig.box.write(
                "confdir/conf.d/s.toml",
                """
                [service]
                key = "/s/b"
                value = "x"
                [[service.health_check]]
                type = "http"
                port = \(server.port)
                interval = "1s"

                """)
            let daemon = try rig.daemon(environment: ["NOTIFY_SOCKET": rig.box.path("two")])
            #expect(try await eventually { other.hasReceived("READY=1") }, "\(daemon.standardError)")
            #expect(try await eventually { server.asked > 3 })
            #expect(try rig.client.all("/s/").isEmpty)
            #expect(!manager.hasReceived("READY=1"))
            server.answer(200)
            #expect(try await eventually { manager.hasReceived("READY=1") }, "\(register.standardError)")
            #expect(try rig.client.all("/s/")["/s/a"] == "x")
            for process in [register, daemon] { try await stop(process) }
        }
    }

    @Test func isNotReadyWithoutItsBackend() async throws {
        try await withSandbox { box in
            let manager = try Manager(path: box.path("notify"))
            try box.resource("app", template: "x")
            let daemon = try Child(
                box.command(
                    ["-watch", "-node", "http://127.0.0.1:\(try Ports.free())"],
                    environment: ["NOTIFY_SOCKET": box.path("notify")]))
            #expect(try await eventually { daemon.standardError.contains("ERROR") })
            #expect(!manager.hasReceived("READY=1"))
            daemon.send(SIGTERM)
            #expect(try await daemon.wait().exitCode == 0)
        }
    }
}
