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
            try function.body(Arguments(values: arguments))
        }
    } catch {
        return "error \(error.message.text)"
    }
    return printed("%T %v", [value, value])
}

private func printed(_ format: ByteString, _ arguments: [Value]) -> String {
    var output: [UInt8] = []
    arguments.withUnsafeBufferPointer { Format.appendFormatted(format, $0, into: &output) }
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
}
