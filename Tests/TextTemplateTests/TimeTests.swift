import Testing

@testable import TextTemplate

/// The result of a method in the form `%T %v`, or `error` and the message.
private func result(_ call: TimeGolden.Call) throws -> String {
    let method =
        switch call.receiver {
        case .object(let object): object.method(call.method)
        case .integer(let integer): integer.method(call.method)
        default: nil as Function?
        }
    let function = try #require(method, "no method \(call.method.text)")
    #expect(function.parameters.count == call.arguments.count && function.refusedResults.isEmpty)
    let value: Value
    do {
        value = try call.arguments.withUnsafeBufferPointer { arguments throws(FunctionError) in
            try function.body(Arguments(values: arguments, userData: nil))
        }
    } catch {
        return "error \(error.message.text)"
    }
    return printed("%T %v", [value, value])
}

private func printed(_ format: ByteString, _ arguments: [Value]) -> String {
    let output = arguments.withUnsafeBufferPointer { arguments in
        ByteBuffer.bytes { Format.appendFormatted(format, arguments, into: &$0) }
    }
    return String(decoding: output, as: UTF8.self)
}

struct TimeTests {
    private let golden = TimeGolden.shared

    @Test(arguments: TimeGolden.shared.formats.indices)
    func layouts(_ index: Int) {
        for row in golden.formats[index] {
            let text = String(decoding: row.layout.withBytes { row.time.format($0) }, as: UTF8.self)
            #expect(text == row.result, "\(row.layout.text) of \(row.time.unixSeconds)")
        }
    }

    @Test(arguments: TimeGolden.shared.printed.indices)
    func printf(_ index: Int) {
        let row = golden.printed[index]
        #expect(printed(row.layout, [.object(row.time)]) == row.result, "\(row.layout.text)")
    }

    @Test(arguments: TimeGolden.shared.calls.indices)
    func methods(_ index: Int) throws {
        for call in golden.calls[index] {
            #expect(try result(call) == call.result, "\(call)")
        }
    }

    @Test func durations() throws {
        for call in golden.durations {
            #expect(try result(call) == call.result, "\(call)")
        }
    }

    private static let cet = Time.Location("Local") { _ in
        .init(abbreviation: "CET", offset: 3_600, isDST: false)
    }
    private static let now = Time(
        unixSeconds: 1_700_000_000, nanoseconds: 250_000_000, monotonic: 12_345_678, local: cet)

    /// Methods with several results can be named but not called.
    @Test(
        arguments: [
            ("Clock", ["int", "int", "int"]),
            ("Date", ["int", "time.Month", "int"]),
            ("ISOWeek", ["int", "int"]),
            ("Zone", ["string", "int"]),
            ("ZoneBounds", ["time.Time", "time.Time"]),
        ] as [(ByteString, [String])])
    func refused(_ name: ByteString, _ results: [String]) throws {
        #expect(try #require(Self.now.method(name)).refusedResults == results)
    }

    @Test(arguments: ["year", "Wall", "wall", "", "UnmarshalJSON", "Formatted"] as [ByteString])
    func noSuchMethod(_ name: ByteString) {
        if Self.now.method(name) != nil { Issue.record("there is a method") }
        if Self.now.field(name) != nil { Issue.record("there is a field") }
    }

    @Test(arguments: [.int64, .int32, .uint8, .uint16, .month, .weekday] as [Value.Integer.Kind])
    func numbersWithoutSpanMethods(_ kind: Value.Integer.Kind) {
        if Value.Integer(kind, 1).method("Seconds") != nil { Issue.record("there is a method") }
    }

    @Test func inNilLocation() throws {
        let call = TimeGolden.Call(
            receiver: .object(Self.now), method: "In", arguments: [.nilInterface], result: "")
        #expect(try result(call) == "error time: missing Location in call to Time.In")
    }

    @Test func currentTime() {
        #expect(Self.now.description == "2023-11-14 23:13:20.25 +0100 CET m=+0.012345678")
        #expect(Self.now.at(.utc).description == "2023-11-14 22:13:20.25 +0000 UTC")
        #expect(Self.now.goDescription == "time.Date(2023, time.November, 14, 23, 13, 20, 250000000, time.Local)")
    }

    /// Go's `==` on times, which looks at the location and the monotonic reading too.
    @Test func identity() {
        let again = Time(unixSeconds: 1_700_000_000, nanoseconds: 250_000_000, monotonic: 12_345_678, local: Self.cet)
        #expect(again.isIdentical(to: Self.now))
        #expect(!again.at(.utc).isIdentical(to: again))
        #expect(!again.at(Self.cet).isIdentical(to: again))
        #expect(again.at(.utc).compared(to: again) == 0)
    }

    /// The difference of two monotonic readings saturates at the limits of the type.
    @Test func distantReadings() {
        let early = Time(unixSeconds: 0, nanoseconds: 0, monotonic: -2, local: .utc)
        let late = Time(unixSeconds: 0, nanoseconds: 0, monotonic: .max, local: .utc)
        #expect(late.subtracting(early) == .max)
        #expect(early.subtracting(late) == .min)
        #expect(late.adding(1).monotonic == nil)
    }
}
