import Glibc
import Posix
import TestSupport
import Testing

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.4", false), ("192.168.4.0/22", "192.168.7.255", true),
        ("192.168.4.0/22", "192.168.8.0", false), ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::1", false),
        ("::1", "::1", true), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false),
        ("2001:db8::/33", "2001:db8:7fff::1", true), ("2001:db8::/33", "2001:db8:8000::1", false),
    ])
    func contains(_ range: String, _ address: String, _ isIn: Bool) throws {
        let range = try #require(AddressRange(range))
        let single = try #require(AddressRange(address))
        #expect(range.contains(single.network) == isIn)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0/8", "::1/129",
        "localhost",
        "10.0.0.0/8/8", "fe80::1%lo/64", "10.0.0.0/ 8", "10.0.0.0/1e1",
    ])
    func refuses(_ text: String) { #expect(AddressRange(text) == nil) }
}

@Suite struct SocketTests {
    @Test func talksAtAPath() throws {
        let folder = try TemporaryDirectory()
        let path = folder("socket")
        let listener = try SocketListener(path: path)
        let status = try Files.linkStatus(path)
        #expect(status.kind == .socket && status.mode == 0o600)
        #expect(try listener.accept() == nil)
        let client = try SocketConnection(path: path)
        let server = try #require(try listener.accept())
        #expect(server.peer == nil)
        #expect(try server.receive(limit: 10) == nil)
        #expect(try client.send(Array("hello".utf8)[...]) == 5)
        #expect(try server.receive(limit: 10) == Array("hello".utf8))
        #expect(throws: SystemError(call: "bind", path: path, code: EADDRINUSE)) { _ = try SocketListener(path: path) }
    }

    /// Found by reading: `:9100` was listened on for IPv4 alone.
    @Test(arguments: ["127.0.0.1", "::1"]) func withoutAHostItListensOnBothFamilies(_ address: String) throws {
        let port = try Ports.free()
        let listener = try SocketListener(host: "", port: port)
        let answer = try Shell.run("bash -c 'exec 3<>/dev/tcp/\(address)/\(port) && echo connected'")
        #expect(answer == "connected\n")
        let server = try #require(try listener.accept())
        #expect(server.peer == (address == "::1" ? [UInt8](repeating: 0, count: 15) + [1] : [127, 0, 0, 1]))
    }

    @Test func refusesWhatIsNoPlaceForASocket() throws {
        let folder = try TemporaryDirectory()
        let long = folder(String(repeating: "x", count: 120))
        #expect(throws: SystemError(call: "bind", path: long, code: ENAMETOOLONG)) {
            _ = try SocketListener(path: long)
        }
        #expect(throws: SystemError(call: "connect", path: folder("none"), code: ENOENT)) {
            _ = try SocketConnection(path: folder("none"))
        }
    }
}

@Suite struct BrokenPipeTests {
    /// A signal would end the process without a result and without a reason.
    @Test func aWriteToAClosedPipeDoesNotEndTheTests() {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        for end in ends { #expect(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        close(ends[0])
        // A child of another test, cloned a moment ago, has the other end until it is another program.
        #expect(eventuallyBlocking { write(ends[1], "x", 1) == -1 && errno == EPIPE })
        close(ends[1])
    }
}
