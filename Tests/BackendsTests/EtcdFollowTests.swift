import KeyValue
import Testing

@testable import Backends

/// Following through what happens to a server.
@Suite struct EtcdFollowTests {
    private func port(_ url: String) throws -> UInt16 { try #require(UInt16(url.split(separator: ":").last ?? "")) }

    /// Another cluster at the same address, with the same revision and with a lower one: its state counts.
    @Test(arguments: [0, 5]) func followsAStoreThatWasSetBack(_ changes: Int) throws {
        var server: EtcdServer? = try EtcdServer()
        let url = try #require(server).url
        try server?.put(["/back/a": "old"])
        for round in 0..<changes { try server?.put(["/back/b": "\(round)"]) }
        let following = try Following(try #require(server).backend(), "/back")
        #expect(eventually { following.last?.texts["/back/a"] == "old" })
        server = nil
        server = try EtcdServer(port: try port(url))
        try server?.put(["/back/a": "new"])
        #expect(following.sees(["/back/a": "new"]))
        try server?.put(["/back/c": "more"])
        #expect(following.sees(["/back/a": "new", "/back/c": "more"]))
        #expect(following.stop())
    }
}
