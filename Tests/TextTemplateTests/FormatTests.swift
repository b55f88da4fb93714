import Primitives
import Testing

@testable import TextTemplate

/// The result of `body` on an empty output.
private func written(_ body: (inout ByteBuffer) -> Void) -> ByteString { ByteString(ByteBuffer.bytes(body)) }

/// The arguments formatted, which must be the same whether the format is read ahead or not.
private func formatted(_ format: ByteString, _ arguments: [Value]) -> ByteString {
    arguments.withUnsafeBufferPointer { arguments in
        let text = written { Format.appendFormatted(format, arguments, into: &$0) }
        if let plain = ParsedFormat(format) {
            withUnsafePointer(to: plain) { plain in
                #expect(written { Format.appendFormatted(plain, arguments, into: &$0) } == text)
            }
        }
        return text
    }
}

struct FormatTests {
    @Test(arguments: FormatGolden.shared.grids.indices)
    func grid(_ index: Int) {
        let grid = FormatGolden.shared.grids[index]
        for (value, results) in zip(grid.values, grid.results) {
            for (format, expected) in zip(grid.formats, results) {
                let actual = formatted(format, [value])
                #expect(actual == expected, "\(format.text) of \(value): \(actual.text), not \(expected.text)")
            }
        }
    }

    @Test(arguments: FormatGolden.shared.formatted.indices)
    func printf(_ index: Int) {
        let row = FormatGolden.shared.formatted[index]
        let actual = formatted(row.format, row.arguments)
        #expect(actual == row.result, "\(row.format.text): \(actual.text), not \(row.result.text)")
    }

    @Test(arguments: FormatGolden.shared.printed.indices)
    func print(_ index: Int) {
        let row = FormatGolden.shared.printed[index]
        row.arguments.withUnsafeBufferPointer { arguments in
            #expect(written { Format.appendPrint(arguments, into: &$0) } == row.print)
            #expect(written { Format.appendPrintln(arguments, into: &$0) } == row.println)
        }
    }

    /// An action writes the same as `print`, but for a missing value and for pointers.
    @Test(
        arguments: [
            (.invalid, "<no value>"),
            (.nilInterface, "<nil>"),
            (.int(-9_223_372_036_854_775_808), "-9223372036854775808"),
            (.bool(false), "false"),
            (.float(1e21), "1e+21"),
            (.string("a\u{0}b"), "a\u{0}b"),
            (.integer(.init(.month, 13)), "%!Month(13)"),
            (.object(ServiceRecord(target: "t.", numbers: [80, 1, 2])), "{t. 80 1 2}"),
            (.pair(Pair(key: "k", value: "")), "{k }"),
            (.slice(Slice(.any, [.nilInterface, .invalid, .string("x")])), "[<nil> <nil> x]"),
        ] as [(Value, ByteString)])
    func action(_ value: Value, _ expected: ByteString) {
        #expect(written { Format.appendValue(value, into: &$0) } == expected)
    }

    @Test func appendsToWhatIsThere() {
        let text = written { output in
            output.append("> ")
            Format.appendValue(.slice(Slice(.int, [.int(3)])), into: &output)
        }
        #expect(text == "> [3]")
    }

    @Test(
        arguments: [
            ("", true), ("%5.2f and %%", true), ("%-08.3q|%+v|% d|%#x", true), ("%世", true),
            ("%*d", false), ("%.*f", false), ("%[1]d", false), ("%d %", false), ("%100000000d", false),
        ] as [(ByteString, Bool)])
    func readsAhead(_ format: ByteString, _ canBe: Bool) {
        #expect((ParsedFormat(format) != nil) == canBe)
    }

    @Test func buffersGrow() {
        var buffer = ByteBuffer(capacity: 0)
        for byte in 0..<UInt8(200) { buffer.append(byte) }
        buffer.append(repeating: 7, count: 300)
        buffer.insert(repeating: 9, count: 1000, at: 200)
        buffer.append(contentsOf: UnsafeBufferPointer(start: nil, count: 0))
        let expected = Array(0..<UInt8(200)) + Array(repeating: 9, count: 1000) + Array(repeating: 7, count: 300)
        #expect(Array(buffer.bytes) == expected)
        #expect(Array(buffer.bytes(from: 1499)) == [7])
        buffer.truncate(to: 2)
        #expect(Array(buffer.bytes) == [0, 1])
    }

    /// A pointer inside of something shows as an address.
    @Test(arguments: ["%v", "%x", "%d", "%#v", "%p"] as [ByteString])
    func innerPointer(_ format: ByteString) {
        let record = ServiceRecord(target: "t.", numbers: [80, 1, 2])
        let address = UInt(bitPattern: ObjectIdentifier(record))
        let hexadecimal = String(address, radix: 16)
        let expected: [ByteString: String] = [
            "%v": "[0x\(hexadecimal)]", "%x": "[\(hexadecimal)]", "%d": "[\(address)]",
            "%#v": "[]*net.SRV{(*net.SRV)(0x\(hexadecimal))}",
        ]
        let text = formatted(format, [.slice(Slice(.serviceRecord, [.object(record)]))]).text
        if let expected = expected[format] {
            #expect(text == expected)
        } else {
            #expect(text.hasPrefix("0x"))
        }
    }

    @Test(
        arguments: [
            ("", #""""#),
            ("a\tb\"c\\", #""a\tb\"c\\""#),
            ("h\u{E9}\u{AD}\u{1F600}\u{E0001}", "\"h\u{E9}\\u00ad\u{1F600}\\U000e0001\""),
            ("'", #""'""#),
        ] as [(ByteString, ByteString)])
    func quoted(_ text: ByteString, _ expected: ByteString) {
        #expect(written { output in text.withBytes { Quoting().append($0, into: &output) } } == expected)
    }

    /// `strconv.IsPrint` of Go 1.27 (Unicode 17) for every code point, as a number and as an FNV-1a hash.
    @Test func printableCodePoints() {
        var count = 0
        var hash: UInt64 = 14_695_981_039_346_656_037
        for value in UInt32(0)...0x10FFFF {
            let isPrintable = GoQuoting.isPrintable(value)
            if isPrintable { count += 1 }
            hash = (hash ^ (isPrintable ? 1 : 0)) &* 1_099_511_628_211
        }
        #expect(count == 159_613)
        #expect(hash == 61_013_164_497_434_890)
    }

    /// The format is not searched to its end for the bracket of each directive, which would take quadratic time.
    @Test(.timeLimit(.minutes(1))) func indexesThatNothingCloses() {
        func repeated(_ count: Int) -> ByteString {
            ByteString([UInt8](repeatElement(Array("%[1".utf8), count: count).joined()))
        }
        #expect(formatted(repeated(300_000), []) == repeated(150_000))
    }
}
