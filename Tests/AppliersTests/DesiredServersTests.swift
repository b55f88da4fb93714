import Testing

@testable import Appliers

@Suite struct DesiredServersTests {
    private func parse(_ text: String) throws(DesiredServersError) -> [DesiredServer] {
        try DesiredServers(parsing: Array(text.utf8)).servers
    }

    @Test func readsALineForEachServer() throws {
        let servers = try parse(
            """
            {"id":"a","address":"10.0.0.1:8001","weight":2,"drain":false,"backup":true,"inter":"2s","check":true}

              {"id": "b", "address": "[FD00::0:1]:80", "drain": true}
            {"id":"c","address":"unix:/run/c.sock","weight":0,"maxconn":20}\r
            {"id":"d","address":"Web-1.Example:80"}

            """)
        #expect(
            servers == [
                DesiredServer(
                    id: "a", address: .internet(host: "10.0.0.1", port: 8001), weight: 2, isBackup: true,
                    words: [ServerWord("check", .flag(true)), ServerWord("inter", .text("2s"))]),
                DesiredServer(id: "b", address: .internet(host: "fd00::1", port: 80), isDrained: true),
                DesiredServer(
                    id: "c", address: .unix(path: "/run/c.sock"), weight: 0,
                    words: [ServerWord("maxconn", .number("20"))]),
                DesiredServer(id: "d", address: .internet(host: "web-1.example", port: 80)),
            ])
    }

    @Test func nothingIsNoServer() throws { #expect(try parse("\n \n") == []) }

    @Test(arguments: [
        ("{", "servers:1:2: unexpected end of JSON input", true),
        (#"[1]"#, "servers:1:1: not a server: an array in place of an object", true),
        (#"{"address":"a:1"}"#, #"servers:1:1: no "id""#, false),
        (#"{"id":1,"address":"a:1"}"#, #"servers:1:1: "id" is a number, not string"#, false),
        (#"{"id":"a/b","address":"a:1"}"#, #"servers:1:1: not an id: "a/b""#, true),
        (#"{"id":"a b","address":"a:1"}"#, #"servers:1:1: not an id: "a b""#, true),
        (#"{"id":"","address":"a:1"}"#, #"servers:1:1: not an id: """#, true),
        (#"{"id":"a"}"#, #"servers:1:1: no "address""#, false),
        (#"{"id":"a","address":"10.0.0.1"}"#, #"servers:1:1: not an address: "10.0.0.1""#, true),
        (#"{"id":"a","address":"10.0.0.1:0"}"#, #"servers:1:1: not an address: "10.0.0.1:0""#, true),
        (#"{"id":"a","address":"10.0.0.300:1"}"#, #"servers:1:1: not an address: "10.0.0.300:1""#, true),
        (#"{"id":"a","address":"-x:1"}"#, #"servers:1:1: not an address: "-x:1""#, true),
        (#"{"id":"a","address":"fd00::1:80"}"#, #"servers:1:1: not an address: "fd00::1:80""#, true),
        (#"{"id":"a","address":"unix:run"}"#, #"servers:1:1: not an address: "unix:run""#, true),
        (#"{"id":"a","address":"unix:/a;b"}"#, #"servers:1:1: not an address: "unix:/a;b""#, true),
        (#"{"id":"a","address":"a:1","weight":1.5}"#, "servers:1:1: not a weight: 1.5", true),
        (#"{"id":"a","address":"a:1","weight":-1}"#, "servers:1:1: not a weight: -1", true),
        (#"{"id":"a","address":"a:1","weight":65536}"#, "servers:1:1: not a weight: 65536", true),
        (#"{"id":"a","address":"a:1","weight":"2"}"#, #"servers:1:1: "weight" is a string, not number"#, false),
        (#"{"id":"a","address":"a:1","drain":1}"#, #"servers:1:1: "drain" is a number, not boolean"#, false),
        (
            #"{"id":"a","address":"a:1","x":null}"#,
            #"servers:1:1: "x" is null, not string, number or boolean"#, false
        ),
        (#"{"id":"a","id":"b","address":"a:1"}"#, #"servers:1:1: "id" twice"#, false),
        (
            "{\"id\":\"a\",\"address\":\"a:1\"}\n\n{\"id\":\"a\",\"address\":\"a:2\"}",
            #"servers:3:1: id "a" is that of line 1 too"#, false
        ),
        (
            "{\"id\":\"a\",\"address\":\"[::1]:1\"}\n{\"id\":\"b\",\"address\":\"[0::1]:1\"}",
            #"servers:2:1: address "[::1]:1" is that of line 1 too"#, false
        ),
    ])
    func mistakesAreNamed(_ text: String, _ message: String, _ hasHint: Bool) throws {
        let error = #expect(throws: DesiredServersError.self) { try parse(text) }
        let report = try #require(error).report(file: "servers")
        #expect(report.summary == message)
        #expect((report.hint != nil) == hasHint)
    }

    @Test func sizesAreBounded() throws {
        let long = "{\"id\":\"a\",\"address\":\"a:1\",\"x\":\"\(String(repeating: "x", count: 17_000))\"}"
        #expect(throws: DesiredServersError(.lineTooLong, line: 1)) { try parse(long) }
        let word = "{\"id\":\"a\",\"address\":\"a:1\",\"x\":\"\(String(repeating: "x", count: 1_025))\"}"
        #expect(throws: DesiredServersError(.badWord("x"), line: 1)) { try parse(word) }
        let many = (0...10_000).map { "{\"id\":\"\($0)\",\"address\":\"a:\($0 + 1)\"}" }.joined(separator: "\n")
        #expect(throws: DesiredServersError(.tooMany, line: 10_001)) { try parse(many) }
        let large = String(repeating: "\n", count: DesiredServers.byteLimit + 1)
        #expect(throws: DesiredServersError(.tooLarge(bytes: large.utf8.count), line: 1)) { try parse(large) }
        let deep = "{\"id\":\(String(repeating: "[", count: 7_000))\(String(repeating: "]", count: 7_000))}"
        let error = #expect(throws: DesiredServersError.self) { try parse(deep) }
        #expect(error?.message == "more than 64 arrays and objects in each other")
        let words = (0...64).map { "\"w\($0)\":true" }.joined(separator: ",")
        #expect(throws: DesiredServersError(.tooManyWords, line: 1)) {
            try parse("{\"id\":\"a\",\"address\":\"a:1\",\(words)}")
        }
    }

    @Test func fingerprintsTellWordsApart() {
        let plain = DesiredServer(id: "a", address: .internet(host: "10.0.0.1", port: 1))
        let moved = DesiredServer(id: "a", address: .internet(host: "10.0.0.2", port: 1), weight: 9)
        let others = [
            DesiredServer(id: "b", address: plain.address),
            DesiredServer(id: "a", address: plain.address, isBackup: true),
            DesiredServer(id: "a", address: .unix(path: "/a")),
            DesiredServer(id: "a", address: .unix(path: "/b")),
            DesiredServer(id: "a", address: plain.address, words: [ServerWord("check", .flag(true))]),
            DesiredServer(id: "a", address: plain.address, words: [ServerWord("check", .flag(false))]),
            DesiredServer(id: "a", address: plain.address, words: [ServerWord("che", .text("ck"))]),
        ]
        let all = ([plain] + others).map { WordsFingerprint.candidates(for: $0).map(\.number) }
        #expect(Set(all.flatMap { $0 }).count == 4 * all.count)
        #expect(all.allSatisfy { $0.allSatisfy { WordsFingerprint.isOurs(Int($0)) } })
        #expect(WordsFingerprint.candidates(for: moved).map(\.number) == all[0])
        #expect(!WordsFingerprint.isOurs(1) && !WordsFingerprint.isOurs(1 << 31))
    }
}
