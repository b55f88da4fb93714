import Testing

@testable import Posix

@Suite struct NamesTests {
    @Test func findsAddressesInOrder() throws {
        #expect(try Resolver.addresses(of: "127.0.0.1") == ["127.0.0.1"])
        #expect(try Resolver.addresses(of: "::1") == ["::1"])
        #expect(try Resolver.addresses(of: "localhost").contains { $0 == "127.0.0.1" || $0 == "::1" })
    }

    /// Literals as Go's resolver reads them; nil is a name that there is not. The rows were checked against Go.
    @Test(
        arguments: [
            ("1.2.3.4", "1.2.3.4"), ("127.1", nil), ("1", nil), ("0x7f.1", nil), ("0x7f000001", nil),
            ("0x7f.0.0.1", nil),
            ("01.2.3.4", nil), ("1.2.3.256", nil), ("1.2.3.4.5", nil), ("1.2.3.", nil), ("1.2.3.4%eth0", nil),
            ("::ffff:7f00:1", "127.0.0.1"), ("0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1"), ("::1.2.3.4", "::102:304"),
            ("fe80::1%eth0", "fe80::1"), ("fe80::1%no-such-zone", "fe80::1"), ("fe80::1%", nil), ("%eth0", nil),
            ("FE80::00A1", "fe80::a1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("1::2:3:4:5:6:7:8", nil), ("1:2", nil), (":1::2", nil),
            ("1::2:", nil),
            ("1:::2", nil), ("::", "::"), ("::12345", nil), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("::g", nil),
            ("1:2:3:4:5:6:7:1.2.3.4", nil), ("1.2.3.4::", nil), ("::1.2.3", nil),
        ] as [(String, String?)])
    func readsLiteralsAsGo(_ host: String, _ expected: String?) {
        // Nil stands for the error, which templates never see.
        #expect((try? Resolver.addresses(of: host)) == expected.map { [$0] })
    }

    @Test func saysWhichNameIsUnknown() {
        let error = #expect(throws: LookupError.self) { try Resolver.addresses(of: "no-such-host.invalid") }
        #expect(error?.message.hasPrefix("lookup no-such-host.invalid: ") == true)
    }

    @Test func hasALoopbackInterface() throws {
        let loopback = try Host.interfaceAddresses().first { $0.address == "127.0.0.1" }
        #expect(loopback?.isUp == true)
        #expect(try !Host.name().isEmpty)
        // Labels of addresses, `lo:1`, are no interfaces.
        #expect(try Host.interfaceAddresses().allSatisfy { !$0.interface.contains(":") })
    }
}

/// Answers as a name server sends them.
@Suite struct ServiceAnswerTests {
    /// A question for `_x._tcp.a.b` and two answers whose owner points back to it.
    static let answer: [UInt8] =
        [0, 1, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0]
        + [2] + Array("_x".utf8) + [4] + Array("_tcp".utf8) + [1, 97, 1, 98, 0, 0, 33, 0, 1]
        + [0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 11, 0, 20, 0, 5, 0x1f, 0x90, 2, 104, 50, 0xc0, 20]
        + [0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 11, 0, 10, 0, 0, 0, 80, 2, 104, 49, 0xc0, 20]

    @Test func readsRecordsByPriority() {
        #expect(
            ServiceAnswer.parse(Self.answer) == [
                ServiceRecord(target: "h1.a.b.", port: 80, priority: 10, weight: 0),
                ServiceRecord(target: "h2.a.b.", port: 8_080, priority: 20, weight: 5),
            ])
    }

    @Test func skipsOtherRecords() {
        var answer = Self.answer
        answer[32] = 5
        #expect(ServiceAnswer.parse(answer)?.count == 1)
    }

    @Test func refusesEveryTruncation() {
        for length in 0..<Self.answer.count {
            #expect(ServiceAnswer.parse(Array(Self.answer.prefix(length))) == nil, "\(length) bytes")
        }
    }

    @Test func refusesNamesThatPointAtThemselves() {
        var answer = Self.answer
        answer[answer.count - 1] = UInt8(answer.count - 2)
        #expect(ServiceAnswer.parse(answer) == nil)
    }
}
