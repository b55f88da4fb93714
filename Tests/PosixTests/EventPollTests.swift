import Glibc
import Posix
import TestSupport
import Testing

@Suite struct EventPollTests {
    @Test func tellsWhatIsReadable() throws {
        let poll = try EventPoll()
        let wakeUp = try WakeUp()
        try poll.add(wakeUp.descriptor, token: 7, .readable)
        #expect(try poll.wait(timeout: .zero).isEmpty)
        wakeUp.wake()
        let event = EventPoll.Event(token: 7, canRead: true, canWrite: false, hasFailed: false)
        // Level-triggered: reported as long as it is ready.
        #expect(try poll.wait(timeout: nil) == [event])
        #expect(try poll.wait(timeout: .zero) == [event])
        wakeUp.clear()
        #expect(try poll.wait(timeout: .zero).isEmpty)
        wakeUp.wake()
        try poll.remove(wakeUp.descriptor)
        #expect(try poll.wait(timeout: .zero).isEmpty)
        #expect(throws: SystemError(call: "epoll_ctl", code: ENOENT)) { try poll.remove(wakeUp.descriptor) }
    }

    @Test func tellsChangesOnce() throws {
        let server = try TCPListener()
        let poll = try EventPoll()
        let client = try SocketConnection(connectingTo: [127, 0, 0, 1], port: server.port)
        try poll.add(client.descriptor, token: 1, .change)
        let connected = try poll.wait(timeout: nil)
        #expect(connected.map(\.canWrite) == [true] && !connected[0].hasFailed && client.connectionFailure == nil)
        #expect(try poll.wait(timeout: .zero).isEmpty)
        let peer = accept(server.descriptor, nil, nil)
        send(peer, "hello", 5, 0)
        #expect(try poll.wait(timeout: nil).map(\.canRead) == [true])
        #expect(try poll.wait(timeout: .zero).isEmpty)
        var buffer = [UInt8](repeating: 0, count: 10)
        let count = try buffer.withUnsafeMutableBytes { try client.receive(into: $0) }
        #expect(count == 5 && buffer.starts(with: "hello".utf8))
        #expect(try buffer.withUnsafeMutableBytes { try client.receive(into: $0) } == nil)
        close(peer)
        #expect(try poll.wait(timeout: nil).map(\.canRead) == [true])
        #expect(try buffer.withUnsafeMutableBytes { try client.receive(into: $0) } == 0)
    }

    @Test func tellsWhyAConnectionFailed() throws {
        let closed = try Ports.Closed()
        let poll = try EventPoll()
        let client = try SocketConnection(connectingTo: [127, 0, 0, 1], port: closed.number)
        try poll.add(client.descriptor, token: 1, .change)
        #expect(try poll.wait(timeout: nil).map(\.hasFailed) == [true])
        #expect(client.connectionFailure == ECONNREFUSED)
        withExtendedLifetime(closed) {}
    }

    @Test func connectsByIPv6() throws {
        let listener = try SocketListener(host: "::1", port: 0)
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listener.descriptor, $0, &size)
            }
        }
        let poll = try EventPoll()
        let loopback = [UInt8](repeating: 0, count: 15) + [1]
        let client = try SocketConnection(connectingTo: loopback, port: UInt16(bigEndian: address.sin6_port))
        try poll.add(client.descriptor, token: 1, .change)
        #expect(try poll.wait(timeout: nil).map(\.hasFailed) == [false])
    }

    @Test func callsThatFail() throws {
        let poll = try EventPoll()
        Faults.with(Faults.Fault("epoll_wait", code: ENOMEM)) {
            #expect(throws: SystemError(call: "epoll_wait", code: ENOMEM)) { try poll.wait(timeout: .zero) }
        }
        Faults.with(Faults.Fault("connect", code: EADDRNOTAVAIL)) {
            let error = #expect(throws: SystemError.self) {
                try SocketConnection(connectingTo: [127, 0, 0, 1], port: 1)
            }
            #expect(error?.code == EADDRNOTAVAIL && Errno.isOfThisMachine(EADDRNOTAVAIL))
        }
        #expect(!Errno.isOfThisMachine(ECONNREFUSED))
    }
}
