import TestSupport
import Testing

@testable import Appliers

/// Each parser of data from outside reads or refuses mutated input, and does not trap.
@Suite struct MutationTests {
    private static let renderings = [
        #"{"id":"a","address":"10.0.0.1:8001","weight":2,"drain":false,"backup":true,"inter":"2s"}"# + "\n"
            + #"{"id":"b","address":"[fd00::1]:80"}"# + "\n" + #"{"id":"c","address":"unix:/run/c.sock"}"#
    ]
    private static let states = [
        "1\n# srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_check_state srv_check_status "
            + "srv_agent_state srv_f_forced_id srv_fqdn srv_port\n1 a 127.0.0.1 2 0 1 6 6 0 1 - 80\n2 b - 0 5 0 0 0 0 0 x.y 1\n"
    ]
    private static let infos = ["Name: HAProxy\nVersion: 2.6.12\nPid: 7\nStopping: 0\nStart_time_sec: 9\n"]
    private static let addresses = ["10.0.0.1:80", "[fd00::1]:80", "web-1.example:65535", "unix:/run/a.sock"]
    private static let templates = ["/a/{{.id}}/{{ .port }}", "{{.handle}}"]
    private static let endpoints = ["http://127.0.0.1:80/a", "unix:///run/x.sock:/v1/", "https://[::1]:8443"]

    /// `text` with a few bytes changed, inserted, removed or repeated.
    private func mutated(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0...3, using: &random) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2 where place < bytes.count: bytes.removeSubrange(place..<min(bytes.count, place + 9))
            default: bytes.insert(contentsOf: Array(bytes.suffix(place % 17)), at: place)
            }
        }
        return bytes
    }

    private func forEachMutation(of texts: [String], _ body: ([UInt8]) -> Void) {
        var random = SeededGenerator(seed: 7)
        for text in texts {
            for _ in 0..<2_000 { body(mutated(text, &random)) }
        }
    }

    @Test func renderings() {
        forEachMutation(of: Self.renderings) { bytes in
            guard let servers = try? DesiredServers(parsing: bytes).servers else { return }
            #expect(Set(servers.map(\.id)).count == servers.count)
            // A server that is accepted for haproxy makes exactly one command: no separators or control characters.
            for server in servers where HaproxyCommands.problem(server) == nil {
                let command = HaproxyCommands(backend: "web").add(server, WordsFingerprint.candidates(for: server)[0])
                #expect(command.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") })
            }
        }
    }

    @Test func states() {
        forEachMutation(of: Self.states) { bytes in
            for server in (try? HaproxyState.servers(bytes)) ?? [] { #expect(!server.key.isEmpty) }
        }
    }

    @Test func informations() {
        forEachMutation(of: Self.infos) { bytes in
            guard let process = HaproxyProcess(bytes) else { return }
            #expect(!process.version.contains("\n") && !process.id.contains("\n") && !process.start.contains("\n"))
        }
        // 16 KiB are looked at.
        let long = "Version: 2.6.12\nPid: " + String(repeating: "7", count: 100_000)
        #expect((1...16 << 10).contains(HaproxyProcess(Array(long.utf8))?.id.utf8.count ?? 0))
    }

    @Test func addressesReadAsTheyAreWritten() {
        forEachMutation(of: Self.addresses) { bytes in
            guard let address = ServerAddress(String(decoding: bytes, as: UTF8.self)) else { return }
            #expect(ServerAddress(address.text) == address)
        }
    }

    @Test func endpointsAndTemplates() {
        forEachMutation(of: Self.endpoints) { bytes in
            guard let endpoint = try? HTTPEndpoint(String(decoding: bytes, as: UTF8.self)) else { return }
            #expect(endpoint.base.hasPrefix("http://") || endpoint.base.hasPrefix("https://"))
        }
        forEachMutation(of: Self.templates) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let parts = try? RequestTemplate.parts(text) else { return }
            let isPlain = !text.contains("{{")
            #expect(isPlain == (parts.isEmpty || parts == [.text(text)]))
        }
    }
}
