@testable import TextTemplate

/// Formatting never fails, is the same each time, and what it writes of a value can be read back.
///
/// An input: four bytes that choose the values, one that says where the string among them ends, the string, and
/// the format.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        var reader = ByteReader(input)
        let choices = (0..<4).map { _ in reader.byte() }
        let text = reader.bytes(Int(reader.byte() & 63))
        var format = reader.remainder()
        // Each number can ask for a million characters. Formats with numbers are cut to four bytes, for they would only
        // fill the memory; one input in 32 may have four numbers.
        let mostNumbers = choices[0] & 31 == 0 ? 4 : 0
        if numberCount(format) > mostNumbers { format = UnsafeBufferPointer(rebasing: format.prefix(4)) }
        let string = ByteString(text)
        let number = integer(text)
        let arguments = choices.map { value($0, string, number) }
        arguments.withUnsafeBufferPointer { arguments in
            let first = formatted(format, arguments)
            check(formatted(format, arguments) == first, "formatting again gives the same")
            let limit = 20_000 + 5 * 1_000_001 * 64 + 64 * input.count * (input.count + 64)
            check(first.count <= limit, "the output is bounded")
            var printed = ByteBuffer()
            Format.appendPrint(arguments, into: &printed)
            Format.appendPrintln(arguments, into: &printed)
            for argument in arguments { Format.appendValue(argument, into: &printed) }
        }
        checkStrings(string)
        checkNumbers(number)
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        // The time for a large width is proportional to the width, not to the input.
        if numberCount(input) > 4 { return }
        let string = ByteString(owner: nil, bytes: input)
        var output = ByteBuffer()
        Format.appendFormatted(string, [.string("text"), .int(1), .float(2.5)], &output)
        let arguments = [Value](repeating: .string(string), count: 9)
        Format.appendFormatted("%q %+q %#q %x % X %.9s %300s %v %#v", arguments, &output)
    }

    /// The number of stars, and of runs of at least four digits.
    private static func numberCount(_ format: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        var digits = 0
        for byte in format {
            if byte == UInt8(ascii: "*") { count += 1 }
            digits = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? digits + 1 : 0
            if digits == 4 { count += 1 }
        }
        return count
    }

    /// The first eight bytes as a number.
    private static func integer(_ text: [UInt8]) -> Int {
        text.withUnsafeBufferPointer { bytes in
            var reader = ByteReader(bytes)
            return reader.integer()
        }
    }

    private static func formatted(_ format: UnsafeBufferPointer<UInt8>, _ arguments: UnsafeBufferPointer<Value>)
        -> [UInt8]
    {
        let format = ByteString(owner: nil, bytes: format)
        let text = ByteBuffer.bytes { Format.appendFormatted(format, arguments, into: &$0) }
        if let plain = ParsedFormat(format) {
            let again = withUnsafePointer(to: plain) { plain in
                ByteBuffer.bytes { Format.appendFormatted(plain, arguments, into: &$0) }
            }
            check(again == text, "reading the format ahead makes no difference")
        }
        return text
    }

    private static func value(_ choice: UInt8, _ text: ByteString, _ number: Int) -> Value {
        let float = Double(bitPattern: UInt64(bitPattern: Int64(number)))
        let list: [Value] = [.string(text), .int(number), .nilInterface, .bool(true), .float(float)]
        let kinds: [Value.Integer.Kind] = [.int64, .duration, .month, .weekday]
        return switch choice % 24 {
        case 0: .string(text)
        case 1: .int(number)
        case 2: .int(number % 40)
        case 3: .float(float)
        case 4: .float(Double(number) / 1000)
        case 5: .complex(Value.Complex(float, 1.5))
        case 6: .bool(number % 2 == 0)
        case 7: .nilInterface
        case 8: .invalid
        case 9: .integer(Value.Integer(kinds[Int(choice / 24) % 4], number))
        case 10: .integer(Value.Integer(.int32, number % (1 << 31)))
        case 11: .integer(Value.Integer(.uint8, number & 255))
        case 12: .integer(Value.Integer(.uint16, number & 65535))
        case 13: .slice(Slice(.any, list))
        case 14: .slice(Slice(.string, [.string(text), .string("b")]))
        case 15: .slice(Slice(.int, [.int(number), .int(-1)]))
        case 16: .slice(Slice(.byte, text.array.map { .integer(Value.Integer(.uint8, Int($0))) }))
        case 17: .slice(Slice(.pair, [.pair(Pair(key: text, value: "v"))]))
        case 18: .map(Map([(text, .slice(Slice(.any, list))), ("k", .int(number))]))
        case 19: .pair(Pair(key: text, value: text))
        case 20: .object(Time(unixSeconds: number, nanoseconds: Int(choice), local: .utc))
        case 21: .slice(Slice(.any, [], isNil: true))
        case 22: .map(Map([], isNil: true))
        default: .slice(Slice(.any, [.slice(Slice(.any, list)), .map(Map([("m", .string(text))]))]))
        }
    }

    // MARK: Reading back

    private static func print(_ format: ByteString, _ value: Value) -> [UInt8] {
        ByteBuffer.bytes { Format.appendFormatted(format, [value], &$0) }
    }

    private static func checkStrings(_ string: ByteString) {
        let bytes = string.array
        for format in ["%q", "%+q", "%#q", "%#v"] as [ByteString] {
            check(unquoted(print(format, .string(string))) == bytes, "\(format.text) reads back")
        }
        let hexadecimal = print("%x", .string(string))
        check(hexadecimal.count == 2 * bytes.count, "two digits for each byte")
        for (index, byte) in bytes.enumerated() {
            let digits = String(decoding: hexadecimal[2 * index..<2 * index + 2], as: UTF8.self)
            check(UInt8(digits, radix: 16) == byte, "%x reads back")
        }
        check(print("%s", .string(string)) == bytes, "%s writes the bytes")
        let width = bytes.count % 40
        check(
            Rune.count(print(ByteString("%\(width)s"), .string(string))) == max(width, Rune.count(bytes)),
            "the width is kept")
        check(
            Rune.count(print(ByteString("%.\(width)s"), .string(string))) == min(width, Rune.count(bytes)),
            "the precision is kept")
    }

    private static func checkNumbers(_ number: Int) {
        func text(_ format: ByteString, _ value: Value) -> String {
            String(decoding: print(format, value), as: UTF8.self)
        }
        for (format, radix) in [("%d", 10), ("%v", 10), ("%b", 2), ("%o", 8), ("%x", 16), ("%X", 16)]
            as [(ByteString, Int)]
        {
            check(Int(text(format, .int(number)), radix: radix) == number, "\(format.text) reads back")
        }
        check(Int(text("%+d", .int(number))) == number, "%+d reads back")
        check(Int(text("%030d", .int(number))) == number, "%030d reads back")
        let float = Double(bitPattern: UInt64(bitPattern: Int64(number)))
        guard float.isFinite else { return }
        for format in ["%v", "%g", "%G", "%.17g", "%.17e", "%.1100f", "%x", "%X", "%+v"] as [ByteString] {
            check(Double(text(format, .float(float)))?.bitPattern == float.bitPattern, "\(format.text) reads back")
        }
        let value = ByteBuffer.bytes { Format.appendValue(.float(float), into: &$0) }
        check(Double(String(decoding: value, as: UTF8.self)) == float, "a value reads back")
    }

    /// The bytes that a Go string literal stands for; nil if it is none.
    private static func unquoted(_ literal: [UInt8]) -> [UInt8]? {
        guard literal.count >= 2, let quote = literal.first, literal.last == quote else { return nil }
        var rest = literal.dropFirst().dropLast()
        if quote == UInt8(ascii: "`") { return Array(rest) }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote { return nil }
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            guard let escape = rest.popFirst() else { return nil }
            let digits: [UInt8: Int] = [UInt8(ascii: "x"): 2, UInt8(ascii: "u"): 4, UInt8(ascii: "U"): 8]
            if let count = digits[escape] {
                guard let value = UInt32(String(decoding: rest.prefix(count), as: UTF8.self), radix: 16) else {
                    return nil
                }
                rest = rest.dropFirst(count)
                if count == 2 { bytes.append(UInt8(value)) } else { Rune.append(value, into: &bytes) }
            } else {
                let plain = Array("abfnrtv\\\"".utf8).firstIndex(of: escape)
                guard let plain else { return nil }
                bytes.append([7, 8, 12, 10, 13, 9, 11, 92, 34][plain])
            }
        }
        return bytes
    }

    static let pumps = [
        Pump("text") { _ in "a" },
        Pump("directives") { _ in "%d" },
        Pump("indexes") { _ in "%[1]d" },
        Pump("unclosed indexes") { _ in "%[1" },
        Pump("flags", "%") { _ in "+-# 0" },
        Pump("digits", "%") { _ in "1" },
        Pump("long numbers") { _ in "%1234567d" },
        Pump("stars") { _ in "%*" },
        Pump("bytes that are not UTF-8") { _ in "%\u{80}é" },
        Pump("quotes and controls") { _ in "\"\\\u{1}\u{7F}" },
    ]
}

extension Format {
    fileprivate static func appendFormatted(_ format: ByteString, _ arguments: [Value], _ output: inout ByteBuffer) {
        arguments.withUnsafeBufferPointer { appendFormatted(format, $0, into: &output) }
    }
}

extension Rune {
    fileprivate static func count(_ bytes: [UInt8]) -> Int { bytes.withUnsafeBufferPointer { count($0) } }
}
