import Foundation
import Glibc
import TestSupport
import Testing

/// What systemd is told (`sd_notify`).
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

        /// Whether a message that begins so has come, with all that came before it.
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
