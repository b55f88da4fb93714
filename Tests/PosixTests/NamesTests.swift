import Testing

@testable import Posix

@Suite struct NamesTests {
    @Test func findsAddressesInOrder() throws {
        #expect(try Names.addresses(of: "127.0.0.1") == ["127.0.0.1"])
        #expect(try Names.addresses(of: "::1") == ["::1"])
        #expect(try Names.addresses(of: "localhost").contains { $0 == "127.0.0.1" || $0 == "::1" })
    }

    @Test func saysWhichNameIsUnknown() {
        let error = #expect(throws: LookupError.self) { try Names.addresses(of: "no-such-host.invalid") }
        #expect(error?.message.hasPrefix("lookup no-such-host.invalid: ") == true)
    }

    @Test func hasALoopbackInterface() throws {
        let loopback = try Host.interfaceAddresses().first { $0.address == "127.0.0.1" }
        #expect(loopback?.isLoopback == true)
        #expect(loopback?.isUp == true)
        #expect(loopback?.prefixLength == 8)
        #expect(loopback?.isIPv6 == false)
        #expect(try !Host.name().isEmpty)
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
