import Glibc
import Synchronization

/// A TCP proxy on 127.0.0.1 in front of one server, which can hold and cut what goes through.
final class Proxy: Sendable {
    private let server: TCPServer
    private let gate: Gate

    var port: UInt16 { server.port }

    /// Listens, and forwards to `target` once somebody connects.
    init(to target: UInt16) throws {
        let gate = Gate()
        self.gate = gate
        server = try TCPServer { client in
            guard let server = TCPServer.Connection(to: target) else { return client.resetOnClose() }
            let link = Link(client: client, server: server)
            guard gate.add(link) else { return }
            try? Thread.run {
                link.pump(from: server, to: client) { gate.pass(link) }
                link.end()
            }
            link.pump(from: client, to: server) { gate.pass(link) }
            link.end()
            gate.remove(link)
            link.waitForBothEnds()
            close(server.descriptor)
        }
    }

    deinit { gate.close() }

    /// Nothing goes through any more and nothing is closed: a black hole, for connections to come as well.
    func hold() { gate.state.withLock { $0.isHeld = true } }

    /// Holds the connections of one member of an etcd cluster, which names itself on each of them.
    func hold(source: String) { gate.state.withLock { _ = $0.heldSources.insert(source) } }

    /// Ends `hold`: what was held goes on.
    func release() {
        gate.state.withLock { state in
            state.isHeld = false
            state.heldSources = []
        }
    }

    /// Ends all connections.
    func cut() { for link in gate.state.withLock({ Array($0.links.values) }) { link.end() } }
}

/// What may pass.
private final class Gate: Sendable {
    struct State {
        var isHeld = false
        var heldSources: Set<String> = []
        var isClosed = false
        var links: [ObjectIdentifier: Link] = [:]
    }

    let state = Mutex(State())

    func add(_ link: Link) -> Bool {
        state.withLock { state in
            if !state.isClosed { state.links[ObjectIdentifier(link)] = link }
            return !state.isClosed
        }
    }

    func remove(_ link: Link) { state.withLock { _ = $0.links.removeValue(forKey: ObjectIdentifier(link)) } }

    func close() {
        let links = state.withLock { state in
            state.isClosed = true
            return Array(state.links.values)
        }
        for link in links { link.end() }
    }

    /// Waits until data of `link` may pass; false if it never may.
    func pass(_ link: Link) -> Bool {
        while true {
            let (isHeld, isClosed) = state.withLock { state in
                (state.isHeld || link.source.map { state.heldSources.contains($0) } ?? false, state.isClosed)
            }
            if isClosed || link.hasEnded { return false }
            if !isHeld { return true }
            usleep(2_000)
        }
    }
}

/// A client and its server.
private final class Link: Sendable {
    private struct State {
        var source: String?
        var ends = 0
        var hasEnded = false
    }

    private let client: TCPServer.Connection
    private let server: TCPServer.Connection
    private let state = Mutex(State())

    init(client: TCPServer.Connection, server: TCPServer.Connection) {
        self.client = client
        self.server = server
    }

    /// The member of a cluster that connected, once its first request told.
    var source: String? { state.withLock { $0.source } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func pump(from: TCPServer.Connection, to: TCPServer.Connection, mayPass: () -> Bool) {
        while let bytes = from.read() {
            if from.descriptor == client.descriptor, source == nil { noteSource(bytes) }
            guard mayPass() else { break }
            to.write(bytes)
        }
        state.withLock { $0.ends += 1 }
    }

    private func noteSource(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let name = "x-server-from: "
        guard let line = lines.first(where: { $0.lowercased().hasPrefix(name) }) else { return }
        state.withLock { $0.source = String(line.dropFirst(name.count)) }
    }

    /// Ends both directions.
    func end() {
        state.withLock { state in
            if state.hasEnded { return }
            state.hasEnded = true
            shutdown(client.descriptor, Int32(SHUT_RDWR))
            shutdown(server.descriptor, Int32(SHUT_RDWR))
        }
    }

    /// Nobody may use a descriptor that is closed.
    func waitForBothEnds() { while state.withLock({ $0.ends }) < 2 { usleep(1_000) } }
}
