import Posix
import Testing

@testable import Checks

@Suite struct StatusRangesTests {
    @Test(arguments: [
        ("200", "200", [200], [199, 201]), ("200-399,404", "200-399,404", [200, 399, 404], [400, 403, 405]),
        (" 200 - 204 , 301", "200-204,301", [204, 301], [205, 300]), ("404,200-399", "200-399,404", [404], [400]),
        ("200-299,250-399", "200-399", [300], [400]), ("200-299,300-399", "200-399", [299, 300], []),
        ("100-599", "100-599", [100, 599], [99, 600]), ("200,200", "200", [200], []),
    ])
    func parses(_ text: String, _ description: String, _ inside: [Int], _ outside: [Int]) throws {
        let ranges = try StatusRanges(parsing: text)
        #expect(ranges.description == description)
        #expect(inside.allSatisfy(ranges.contains))
        #expect(!outside.contains(where: ranges.contains))
        #expect(try StatusRanges(parsing: ranges.description) == ranges)
    }

    @Test(arguments: [
        ("", StatusRangesError.Kind.expectedStatus, 0), ("ok", .expectedStatus, 0), ("200,", .expectedStatus, 4),
        ("20", .outOfRange, 0), ("2000", .outOfRange, 0), ("200-600", .outOfRange, 4), ("099", .outOfRange, 0),
        ("399-200", .descending, 4), ("200 300", .unexpectedCharacter, 4), ("200;300", .unexpectedCharacter, 3),
        ("200-", .expectedStatus, 4), ("-200", .expectedStatus, 0),
    ])
    func refuses(_ text: String, _ kind: StatusRangesError.Kind, _ offset: Int) {
        #expect(throws: StatusRangesError(kind, at: offset)) { try StatusRanges(parsing: text) }
    }
}

@Suite struct EscapedBytesTests {
    @Test(arguments: [
        ("", ""), ("PING", "PING"), (#"PING\r\n"#, "PING\r\n"), (#"\t\\"#, "\t\\"), (#"\x41\x0a"#, "A\n"),
        (#"\\r"#, "\\r"), ("ü", "ü"),
    ])
    func parses(_ text: String, _ bytes: String) throws {
        #expect(try EscapedBytes.parse(text) == Array(bytes.utf8))
    }

    @Test func everyByteCanBeWritten() throws {
        for byte in UInt8.min...UInt8.max {
            let digits = String(byte, radix: 16)
            #expect(try EscapedBytes.parse(#"\x"# + (byte < 16 ? "0" : "") + digits) == [byte])
        }
    }

    @Test(arguments: [
        (#"\"#, EscapeError.Kind.unfinished, 0), (#"ab\q"#, .unknown, 2), (#"\x4"#, .notTwoDigits, 0),
        (#"ü\xg0"#, .notTwoDigits, 2), (#"\0"#, .unknown, 0),
    ])
    func refuses(_ text: String, _ kind: EscapeError.Kind, _ offset: Int) {
        #expect(throws: EscapeError(kind, at: offset)) { try EscapedBytes.parse(text) }
    }
}

@Suite struct CheckTargetTests {
    @Test(arguments: [
        ("10.0.0.1:80", CheckTarget.host("10.0.0.1", port: 80)),
        ("web-1.example:65535", .host("web-1.example", port: 65535)),
        ("[fd00::1]:1", .host("fd00::1", port: 1)), ("localhost.:80", .host("localhost.", port: 80)),
        ("a_b:080", .host("a_b", port: 80)), ("unix:/run/app.sock", .path("/run/app.sock")),
        ("1a.b2:80", .host("1a.b2", port: 80)),
    ])
    func parses(_ text: String, _ target: CheckTarget) throws {
        #expect(try CheckTarget(parsing: text) == target)
        #expect(try CheckTarget(parsing: target.description) == target)
    }

    @Test(arguments: [
        ("web", CheckTarget.host("web", port: 90)), ("fd00::1", .host("fd00::1", port: 90)),
        ("[fd00::1]", .host("fd00::1", port: 90)), ("10.0.0.1", .host("10.0.0.1", port: 90)),
        ("web:80", .host("web", port: 80)),
    ])
    func parsesWithADefaultPort(_ text: String, _ target: CheckTarget) throws {
        #expect(try CheckTarget(parsing: text, defaultPort: 90) == target)
    }

    @Test(arguments: [
        ("", CheckTargetError.Kind.notAHost), (":80", .notAHost), ("-x:80", .notAHost), ("a.-b:80", .notAHost),
        ("a-:80", .notAHost), ("a..b:80", .notAHost), ("a b:80", .notAHost), ("a/b:80", .notAHost),
        ("10.0.0.1/8:80", .notAHost), ("127.1:80", .notAHost), ("1:80", .notAHost), ("[web]:80", .notAHost),
        ("[fe80::1%eth0]:80", .notAHost), ("a$(id):80", .notAHost), ("ü:80", .notAHost), ("[::1", .notAHost),
        ("a@b:80", .notAHost), ("web", .noPort), ("::1", .noPort), ("web:", .notAPort), ("web:0", .notAPort),
        ("web:65536", .notAPort), ("web:+80", .notAPort), ("web:8o", .notAPort), ("web:000080", .notAPort),
        ("[::1]80", .notAPort), ("unix:run/x", .notAbsolute), ("unix:", .notAbsolute),
        ("unix:/a\0b", .notAPath), ("unix:/" + String(repeating: "x", count: 107), .notAPath),
        (String(repeating: "x", count: 64) + ":80", .notAHost),
    ])
    func refuses(_ text: String, _ kind: CheckTargetError.Kind) {
        #expect(throws: CheckTargetError(kind, text)) { try CheckTarget(parsing: text) }
    }

    @Test func anErrorShowsTheBeginningOnOneLine() {
        let error = #expect(throws: CheckTargetError.self) {
            try CheckTarget(parsing: "\n" + String(repeating: "x", count: 1 << 20))
        }
        let shown = #"\n"# + String(repeating: "x", count: 199)
        #expect(error?.message == "target has no valid host name or address: \"\(shown)…\"")
    }
}

@Suite struct HealthCheckTests {
    @Test func refusesWhatIsOutOfRange() {
        func error(_ change: (inout HealthCheck.Options) -> Void) -> HealthCheckError? {
            var options = HealthCheck.Options()
            change(&options)
            do throws(HealthCheckError) {
                _ = try HealthCheck(.ajp, options)
                return nil
            } catch {
                return error
            }
        }
        #expect(error { _ in } == nil)
        #expect(error { $0.interval = .milliseconds(99) } == .interval(.milliseconds(99)))
        #expect(error { $0.interval = .seconds(86_401) } == .interval(.seconds(86_401)))
        #expect(error { $0.timeout = .zero } == .timeout(.zero))
        #expect(error { $0.rise = 0 } == .rise(0))
        #expect(error { $0.fall = 1_001 } == .fall(1_001))
        #expect(error { $0.port = 0 } == .port)
        #expect(error { $0.jitter = .seconds(5) } == .jitter(.seconds(5)))
        #expect(error { $0.jitter = .seconds(-1) } == .jitter(.seconds(-1)))
        #expect(error { $0.slowStart = .seconds(-1) } == .slowStart(.seconds(-1)))
    }

    @Test(arguments: ["get", "DELETE", "GET /x HTTP/1.0\r\n\r\n", ""])
    func refusesMethods(_ method: String) {
        #expect(throws: HealthCheckError.method(method)) { try HTTPCheck(method: method) }
    }

    @Test(arguments: ["", "health", "/a b", "/a\r\nX: y", "/ü", "/" + String(repeating: "x", count: 4_096)])
    func refusesPaths(_ path: String) {
        #expect(throws: HealthCheckError.path(path)) { try HTTPCheck(path: path) }
        #expect(throws: HealthCheckError.path(path)) { try FastCGICheck(path: path) }
    }

    @Test(arguments: [("", "x"), ("A B", "x"), ("A", "x\r\nB: y"), ("A:", "x"), ("A", "\0"), ("A", "\u{7f}")])
    func refusesHeaders(_ name: String, _ value: String) {
        #expect(throws: HealthCheckError.header(name)) { try HTTPCheck(headers: [.init(name, value)]) }
    }

    @Test(arguments: ["a b", "unix:/x", "a\r\nb", "-a", "a:0"])
    func refusesHosts(_ host: String) {
        #expect(throws: HealthCheckError.host(host)) { try HTTPCheck(host: host) }
        #expect(throws: HealthCheckError.host(host)) { try GRPCCheck(host: host) }
    }

    @Test func refusesOtherParts() {
        #expect(throws: HealthCheckError.serverName("a b")) { try TLSSettings(serverName: "a b") }
        #expect(throws: HealthCheckError.certificateWithoutKey) { try TLSSettings(certificateFile: "/x") }
        #expect(throws: HealthCheckError.user("")) { try MySQLCheck(user: "") }
        #expect(throws: HealthCheckError.command) { try ExecCheck(command: []) }
        #expect(throws: HealthCheckError.command) { try ExecCheck(command: ["true", "a\0"]) }
        #expect(throws: HealthCheckError.tooManyHeaders(65)) {
            try HTTPCheck(headers: Array(repeating: .init("A", "b"), count: 65))
        }
    }

    @Test func advisesAUserForMySQL() throws {
        #expect(try HealthCheck(.mysql(try MySQLCheck())).advice?.hasPrefix("without a user") == true)
        #expect(try HealthCheck(.mysql(try MySQLCheck(user: "u"))).advice == nil)
        #expect(try HealthCheck(.ajp).advice == nil)
    }

    @Test func equalChecksAreEqual() throws {
        let first = try HealthCheck(.http(try HTTPCheck(path: "/a")))
        let same = try HealthCheck(.http(try HTTPCheck(path: "/a")))
        let other = try HealthCheck(.http(try HTTPCheck(path: "/b")))
        #expect(first == same && first.hashValue == same.hashValue)
        #expect(first != other)
        #expect(Set([first, same, other]).count == 2)
    }

    @Test func fieldsOfTheTargetAreFilledInOnce() throws {
        let check = try ExecCheck(command: ["p", "{{.Host}}:{{ .Port }}", "{{.Other}} {{", "{{{.Host}}"])
        #expect(check.words(for: .host("h", port: 1)) == ["p", "h:1", "{{.Other}} {{", "{h"])
        #expect(check.words(for: .path("/{{.Port}}")) == ["p", "/{{.Port}}:", "{{.Other}} {{", "{/{{.Port}}"])
    }

    @Test func theCheckHasThePortWhereItSaysOne() throws {
        var options = HealthCheck.Options()
        options.port = 8888
        let check = try HealthCheck(.ajp, options)
        #expect(CheckedTarget(.host("h", port: 80), check).destination == .host("h", port: 8888))
        #expect(CheckedTarget(.path("/x"), check).destination == .path("/x"))
    }

    @Test(arguments: [
        (HealthCheckError.interval(.milliseconds(1500)), "interval", "not from 100ms to 24h: 1.5s"),
        (.fall(0), "fall", "not from 1 to 1000: 0"),
        (.path("a\n"), "path", #"not a path from / on without spaces: "a\n""#),
    ])
    func words(_ error: HealthCheckError, _ field: String, _ message: String) {
        #expect(error.field == field)
        #expect(error.message == message)
    }

    @Test(arguments: [
        (ProbeFailure.status(503), "http: status 503"), (.system(Errno.connectionRefused), "http: connection refused"),
        (.timeout(.seconds(2), .connecting), "timeout after 2s while connecting"),
        (.timeout(.milliseconds(50), .running), "timeout after 50ms while the command ran"),
        (.notAllowed("10.0.0.1"), "address 10.0.0.1 is not allowed"),
        (.closed, "http: connection closed before the answer was complete"),
    ])
    func words(_ failure: ProbeFailure, _ message: String) { #expect(failure.message("http") == message) }
}
