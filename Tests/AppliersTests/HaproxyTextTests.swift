import Testing

@testable import Appliers

/// The text of commands to haproxy, and what its answers mean.
@Suite struct HaproxyTextTests {
    private let header = """
        1
        # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
        srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
        bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr \
        srv_agent_addr srv_agent_port

        """

    private func servers(_ lines: String) throws(HaproxyState.Malformed) -> [RunningServer] {
        try HaproxyState.servers(Array((header + lines).utf8))
    }

    /// Observed: a healthy server counted as down while a check of it was under way, so the last one could be taken out.
    @Test func readsStates() throws {
        let servers = try servers(
            """
            3 web 1 fixed 127.0.0.1 2 0 1 1 1 1 0 2 0 0 0 0 - 28081 - 0 0 - - 0
            3 web 2 x ::1 0 5 5 5 1 1 0 0 14 0 0 0 - 28082 - 0 0 - - 0
            3 web 3 u - 2 0 1 1 1 1 0 2 0 0 0 0 - 0 - 0 0 - - 0
            3 web 1073741830 a 127.0.0.2 2 8 7 2 0 1 0 0 2 0 0 1 - 99 - 0 0 - - 0
            3 web 7 b - 0 32 1 1 0 1 0 0 0 0 0 0 foo.example 80 - 0 0 - - 0
            3 web 8 new 127.0.0.1 2 0 1 1 0 1 0 0 6 0 0 0 - 81 - 0 0 - - 0
            3 web 9 passed 127.0.0.1 2 0 1 1 0 6 3 4 6 0 0 0 - 82 - 0 0 - - 0
            3 web 10 checking 127.0.0.1 2 0 1 1 0 6 0 4 7 0 0 0 - 83 - 0 0 - - 0
            """)
        #expect(servers.map(\.key) == ["fixed", "x", "u", "a", "b", "new", "passed", "checking"])
        #expect(
            servers.map(\.phase) == [.serving, .stopped, .serving, .draining, .serving, .serving, .serving, .serving])
        #expect(servers.map(\.isUp) == [true, false, true, false, false, false, true, true])
        #expect(servers.map(\.weight) == [1, 5, 1, 7, 1, 1, 1, 1])
        #expect(servers.map(\.lacksChecks) == [false, false, false, true, false, false, false, false])
        #expect(
            servers.map(\.words) == [
                .unknown, .unknown, .unknown, .fingerprint(1_073_741_830), .unknown, .unknown, .unknown, .unknown,
            ])
        #expect(
            servers.map(\.address) == [
                .known([.internet(host: "127.0.0.1", port: 28081)]), .known([.internet(host: "::1", port: 28082)]),
                .somewhereUnix, .known([.internet(host: "127.0.0.2", port: 99)]),
                .known([.internet(host: "foo.example", port: 80)]),
                .known([.internet(host: "127.0.0.1", port: 81)]),
                .known([.internet(host: "127.0.0.1", port: 82)]),
                .known([.internet(host: "127.0.0.1", port: 83)]),
            ])
        #expect(try self.servers("").isEmpty)
    }

    @Test(arguments: [
        "", "1\n", "2\n# a\n", "1\nno header\n3 web", "Unknown command: 'show servers state'",
        "1\n# srv_id srv_name\n1 a",
    ])
    func whatIsNoStateIsRefused(_ answer: String) {
        #expect(throws: HaproxyState.Malformed.self) { try HaproxyState.servers(Array(answer.utf8)) }
    }

    @Test(arguments: [
        "3 web 1 fixed 127.0.0.1 2 0", "3 web 1 fixed 127.0.0.1 2 x 1 1 1 1 0 2 0 0 0 0 - 28081 - 0 0 - - 0",
        "3 web 1 fixed 127.0.0.1 2 -1 1 1 1 1 0 2 0 0 0 0 - 28081 - 0 0 - - 0",
    ])
    func halfLinesAreRefused(_ line: String) {
        #expect(throws: HaproxyState.Malformed.self) { try servers(line) }
    }

    @Test(arguments: [
        ("", HaproxyAnswer.done), ("New server registered.", .done), ("Server deleted.", .done),
        ("IP changed from '1.1.1.1' to '1.1.1.2', no need to change the port by 'stats socket command'", .done),
        ("no need to change the addr, port changed from '1' to '2' by 'stats socket command'", .done),
        ("Server still has connections attached to it, cannot remove it.", .stillConnected),
        ("'id' : custom id 2 already used at h.cfg:14 ('server x').", .numberTaken),
        ("Can't find backend.", .unknownBackend), ("Permission denied", .permissionDenied),
        ("Backend must use a dynamic load balancing to support dynamic servers.", .fixedAtStart),
        ("'cookie' option is not accepted for dynamic server", .fixedAtStart),
        ("unknown keyword 'nonsense'.", .refused), ("Already exists a server with the same name in backend.", .refused),
    ])
    func answersAreUnderstood(_ said: String, _ answer: HaproxyAnswer) { #expect(HaproxyAnswer(said) == answer) }

    @Test func commandsHaveAllWords() {
        let commands = HaproxyCommands(backend: "web")
        let server = DesiredServer(
            id: "a", address: .internet(host: "::1", port: 80), weight: 3, isBackup: true,
            words: [
                ServerWord("inter", .text("2s")), ServerWord("check", .flag(true)), ServerWord("ssl", .flag(false)),
                ServerWord("maxconn", .number("20")),
            ])
        let fingerprint = WordsFingerprint.candidates(for: server)[0]
        #expect(
            commands.add(server, fingerprint)
                == "add server web/a [::1]:80 weight 3 id \(fingerprint.number) backup check inter 2s maxconn 20")
        #expect(
            commands.change(to: server, [.address, .weight, .checks, .state]) == [
                "set server web/a addr ::1 port 80", "set server web/a weight 3", "enable health web/a",
                "set server web/a state ready",
            ])
        let unix = DesiredServer(id: "u", address: .unix(path: "/run/u.sock"))
        #expect(commands.add(unix, fingerprint).hasPrefix("add server web/u unix@/run/u.sock weight 1"))
    }

    @Test(arguments: [
        ("x", "; disable frontend f"), ("x", "2s\nshow env"), ("x", "a b"), ("x", "a\\"), ("x", "'"), ("x", "<<"),
        ("x", ""), ("x;y", "1"), ("x y", "1"), ("", "1"),
    ])
    func noWordCanBeAnotherCommand(_ name: String, _ value: String) {
        let server = DesiredServer.local("a", 1, words: [ServerWord(name, .text(value))])
        #expect(HaproxyCommands.problem(server) != nil)
    }

    @Test func whatHaproxyCannotHaveIsNamed() {
        #expect(HaproxyCommands.problem(.local("a;b", 1)) == "haproxy's names have letters, digits and -_.: only")
        #expect(HaproxyCommands.problem(.local("a", 1, weight: 257)) == "haproxy's weights are from 0 to 256")
        let named = DesiredServer(id: "a", address: .internet(host: "web.example", port: 1))
        #expect(
            HaproxyCommands.problem(named) == "haproxy adds servers by address, not by name: web.example:1")
        #expect(HaproxyDriver.Target(socket: "/x", backend: "a/b") == nil)
        #expect(HaproxyDriver.Target(socket: "/x", backend: "") == nil)
    }

    @Test(arguments: [
        ("2.6.12-1+deb12u4", true), ("2.5.14", false), ("2.10-dev3", true), ("3.0.1", true), ("1.8.0", false),
        ("2", true), ("next", true),
    ])
    func versionsAreCompared(_ version: String, _ isEnough: Bool) throws {
        let answer = "Name: HAProxy\nVersion: \(version)\nPid: 7\nStopping: 0\nStart_time_sec: 9\n"
        let process = try #require(HaproxyProcess(Array(answer.utf8)))
        #expect(process.canAddServers == isEnough)
        #expect(!process.isStopping && process.id == "7" && process.start == "9")
    }

    @Test func whatIsNoInformationIsNone() {
        #expect(HaproxyProcess([]) == nil)
        #expect(HaproxyProcess(Array("Pid: 7\n".utf8)) == nil)
    }
}
