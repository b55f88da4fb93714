import Foundation
import Synchronization
import TestSupport

/// An HTTP server that answers its health checks with a status that the test sets, and counts them.
final class HealthServer: Sendable {
    private let server: TCPServer
    private let state: State

    private final class State: Sendable {
        let status: Atomic<Int>
        let asked = Atomic(0)

        init(_ status: Int) { self.status = Atomic(status) }
    }

    init(_ status: Int = 200) throws {
        let state = State(status)
        self.state = state
        server = try TCPServer { connection in
            guard connection.read() != nil else { return }
            state.asked.add(1, ordering: .relaxed)
            let status = state.status.load(ordering: .relaxed)
            connection.write(Array("HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8))
        }
    }

    var port: UInt16 { server.port }

    /// How often it was asked.
    var asked: Int { state.asked.load(ordering: .relaxed) }

    func answer(_ status: Int) { state.status.store(status, ordering: .relaxed) }
}
