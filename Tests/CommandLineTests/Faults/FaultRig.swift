import Foundation
import Glibc
import TestSupport
import Testing

/// A sandbox, an etcd with its data in memory, and a proxy in front of it.
final class FaultRig {
    let box: Sandbox
    let etcd: Etcd
    let proxy: Proxy
    /// Calls etcd past the proxy.
    let client: EtcdClient
    private let folder: MemoryDirectory

    fileprivate init(_ box: Sandbox, arguments: [String]) async throws {
        self.box = box
        folder = try MemoryDirectory()
        etcd = try await Etcd.start(in: box, folder: folder.path + "/data", arguments: arguments)
        proxy = try Proxy(to: etcd.port)
        client = EtcdClient(port: etcd.port)
    }

    deinit {
        proxy.close()
        etcd.kill()
    }

    /// Where the daemon finds etcd.
    var node: String { "http://127.0.0.1:\(proxy.port)" }

    /// `confd -watch` behind the proxy, without reads at intervals: a change whose event is lost stays unseen.
    func daemon(_ arguments: String..., environment: [String: String] = [:]) throws -> Child {
        try Child(
            box.command(["-watch", "-interval", "0", "-node", node] + arguments, environment: environment))
    }

    /// A service with the key `/s/a`, which is there while the server at `port` answers.
    func addService(_ port: UInt16, _ fields: String = "", ttl: String = "2s") throws {
        try box.write(
            "confdir/conf.d/service.toml",
            """
            [service]
            key = "/s/a"
            value = '{"port": \(port)}'
            ttl = "\(ttl)"
            \(fields)
            [[service.health_check]]
            type = "http"
            port = \(port)
            interval = "1s"
            timeout = "1s"
            rise = 2
            fall = 2

            """)
    }

    /// A resource with the value of one key as its content.
    func resource(_ name: String, key: String, fields: String = "") throws {
        try box.resource(name, keys: [key], fields: fields, template: "{{getv \"\(key)\"}}\n")
    }

    /// Waits until a resource's file holds `value`.
    func holds(_ name: String, _ value: String, seconds: Double = 60) async throws -> Bool {
        try await eventually(seconds: seconds) { box.output(name) == value + "\n" }
    }
}

/// Runs `body` with a rig in a sandbox; `arguments` are further options of etcd.
func withRig(arguments: [String] = [], _ body: (FaultRig) async throws -> Void) async throws {
    try await withSandbox { box in try await body(FaultRig(box, arguments: arguments)) }
}

/// Asks a daemon to end, and expects that it does in good order.
func stop(_ daemon: Child, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    daemon.send(SIGTERM)
    let done = try await daemon.wait()
    #expect(done.exitCode == 0, "\(done.testDescription)", sourceLocation: sourceLocation)
}
