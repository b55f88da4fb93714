import HTTP
import Posix
import Testing

@testable import Appliers

/// The driver against a stand-in that speaks NGINX Plus's published API.
@Suite struct NginxPlusTests {
    private func target(_ standIn: NginxPlusStandIn, upstream: String = "web") throws -> NginxPlusDriver.Target {
        try #require(NginxPlusDriver.Target(HTTPEndpoint("\(standIn.url)/api"), upstream: upstream))
    }

    @Test func serversComeChangeAndGo() throws {
        let standIn = try NginxPlusStandIn()
        let target = try target(standIn)
        let test = try TestSession { NginxPlusDriver(target) }
        let words = [ServerWord("max_conns", .number("20")), ServerWord("fail_timeout", .text("5s"))]
        let first: [DesiredServer] = [
            .local("a", 8001, weight: 3, words: words), .local("b", 8002, isBackup: true),
            .local("c", 8003, isDrained: true), DesiredServer(id: "u", address: .unix(path: "/run/u.sock")),
        ]
        #expect(test.apply(first).isEqual)
        #expect(
            standIn.servers == [
                "127.0.0.1:8001 3", "127.0.0.1:8002 1 backup", "127.0.0.1:8003 1 drain", "unix:/run/u.sock 1",
            ])
        let second: [DesiredServer] = [
            .local("a", 8001, words: [ServerWord("max_conns", .number("30"))]), .local("b", 8002),
            .local("c", 8003), .local("d", 8004),
        ]
        #expect(test.apply(second).isEqual)
        #expect(
            standIn.servers == ["127.0.0.1:8001 1", "127.0.0.1:8002 1", "127.0.0.1:8003 1", "127.0.0.1:8004 1"])
        // Servers that are as desired are not changed.
        let count = standIn.calls.count { $0.method != "GET" }
        test.session.compare()
        #expect(test.apply(second).isEqual)
        #expect(standIn.calls.count { $0.method != "GET" } == count)
    }

    @Test func aServerThatLeavesDrainsFirst() throws {
        let standIn = try NginxPlusStandIn()
        let target = try target(standIn)
        var plan = PlanOptions()
        plan.drain = .milliseconds(50)
        let test = try TestSession(plan: plan) { NginxPlusDriver(target) }
        #expect(test.apply([.local("a", 8001), .local("b", 8002)]).isEqual)
        #expect(test.apply([.local("a", 8001)]).isEqual)
        let changes = standIn.calls.filter { $0.method != "GET" }.suffix(2)
        #expect(changes.map(\.method) == ["PATCH", "DELETE"])
        #expect(changes.first?.body == #"{"drain":true}"#)
    }

    @Test func aReadOnlyAPIIsNamedWithAHint() throws {
        let standIn = try NginxPlusStandIn(isWritable: false)
        let target = try target(standIn)
        let test = try TestSession { NginxPlusDriver(target) }
        test.session.desire([.local("a", 8001)])
        let error = try #require(test.waiter.wait { !$0.errors.isEmpty }.errors.first)
        #expect(error.message.contains("POST /9/http/upstreams/web/servers: status 405: "))
        #expect(error.report.hint == "NGINX Plus needs \"api write=on\" to be changed")
    }

    @Test func anUnknownUpstreamIsNamed() throws {
        let standIn = try NginxPlusStandIn()
        var driver = NginxPlusDriver(try target(standIn, upstream: "a+b"))
        let error = #expect(throws: ApplierError.self) { try driver.read(try patience()) }
        #expect(error?.kind == .unknownBackend(suggestion: nil))
        #expect(standIn.calls.map(\.path) == ["/api/9/http/upstreams/a%2Bb/servers"])
    }

    @Test func whatNginxCannotHaveIsNamed() throws {
        let standIn = try NginxPlusStandIn()
        let driver = NginxPlusDriver(try target(standIn))
        let typo = DesiredServer.local("a", 1, words: [ServerWord("max_con", .number("1"))])
        let error = #expect(throws: ApplierError.self) { try driver.check([typo]) }
        #expect(error?.kind == .unsupported(server: "a", "nginx knows no \"max_con\", did you mean \"max_conns\"?"))
        #expect(throws: ApplierError.self) { try driver.check([.local("a", 1, weight: 0)]) }
        #expect(NginxPlusDriver.Target(try HTTPEndpoint(standIn.url), upstream: "web", version: 5) == nil)
    }
}
