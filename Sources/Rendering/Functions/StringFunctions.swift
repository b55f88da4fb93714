import Primitives
import RegularExpressions
import TextTemplate

/// Functions of Go's package `strings` and their like.
enum StringFunctions {
    static let table: [String: Function] = [
        "split": Function([.string, .string]) { (arguments) throws(FunctionError) in
            try split(arguments.string(0), at: arguments.string(1), limit: arguments.longestList)
        },
        "join": Function([.strings, .string], body: join),
        "toUpper": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try mapped(arguments.string(0), to: .upper, limit: arguments.longestText))
        },
        "toLower": Function([.string]) { (arguments) throws(FunctionError) in
            .string(try mapped(arguments.string(0), to: .lower, limit: arguments.longestText))
        },
        "contains": Function([.string, .string]) { .bool($0.string(0).contains($0.string(1))) },
        "replace": Function([.string, .string, .string, .int], body: replace),
        "trimSuffix": Function([.string, .string]) {
            let text = $0.string(0)
            return .string(text.hasSuffix($0.string(1)) ? text[0..<text.count - $0.string(1).count] : text)
        },
        "trimPrefix": Function([.string, .string]) {
            let text = $0.string(0)
            return .string(text.hasPrefix($0.string(1)) ? text[$0.string(1).count..<text.count] : text)
        },
        "repeat": Function([.int, .string]) { (arguments) throws(FunctionError) in
            let count = max(0, arguments.int(0))
            return .string(try repeated(arguments.string(1), count: count, limit: arguments.longestText))
        },
        "indent": Function([.int, .string]) { (arguments) throws(FunctionError) in
            .string(ByteString(try indented(arguments)))
        },
        "nindent": Function([.int, .string]) { (arguments) throws(FunctionError) in
            .string(ByteString([UInt8(ascii: "\n")] + (try indented(arguments))))
        },
        "quote": Function([.string]) { (arguments) throws(FunctionError) in
            // A byte becomes four at most.
            let limit = arguments.longestText
            if arguments.string(0).count > limit / 4 { throw FunctionError(.tooLong(limit: limit)) }
            return .string(arguments.string(0).quoted)
        },
        "squote": Function([.string], body: singleQuoted),
    ]

    /// The parts share the memory of the text. They are counted before any is made: each takes 40 times the
    /// memory of a character.
    static func split(
        _ text: ByteString, at separator: ByteString, limit: Int
    ) throws(FunctionError) -> Value {
        let ends = try text.withBytes { bytes throws(FunctionError) in
            separator.isEmpty
                ? try endsOfCharacters(in: bytes, limit: limit)
                : try endsOfParts(in: bytes, separator, limit: limit)
        }
        return .slice(
            Slice(
                .string, count: ends.count, capacity: ends.count,
                fill: { parts in
                    var start = 0
                    for (index, end) in ends.enumerated() {
                        parts.initializeElement(at: index, to: .string(text[start..<Int(end)]))
                        start = Int(end) + separator.count
                    }
                }))
    }

    private static func endsOfCharacters(
        in bytes: UnsafeBufferPointer<UInt8>, limit: Int
    ) throws(FunctionError) -> [UInt32] {
        var ends: [UInt32] = []
        ends.reserveCapacity(min(bytes.count, limit))
        var end = 0
        while end < bytes.count {
            if ends.count == limit { throw FunctionError(.tooMany(limit: limit)) }
            end += UTF8Scanner.decode(bytes, at: end).width
            ends.append(UInt32(end))
        }
        return ends
    }

    private static func endsOfParts(
        in bytes: UnsafeBufferPointer<UInt8>, _ separator: ByteString, limit: Int
    ) throws(FunctionError) -> [UInt32] {
        var ends: [UInt32] = []
        let search = ByteSearch(separator)
        var start = 0
        while let end = search.firstOffset(in: bytes, from: start) {
            if ends.count == limit - 1 { throw FunctionError(.tooMany(limit: limit)) }
            ends.append(UInt32(end))
            start = end + separator.count
        }
        ends.append(UInt32(bytes.count))
        return ends
    }

    @Sendable private static func join(_ arguments: Arguments) throws(FunctionError) -> Value {
        let list = arguments.slice(0)
        let separator = arguments.string(1)
        if list.count == 1 { return list[0] }
        let length = (0..<list.count).reduce(max(0, list.count - 1).multipliedReportingOverflow(by: separator.count)) {
            guard case .string(let text) = list[$1] else { return $0 }
            return ($0.partialValue + text.count, $0.overflow)
        }
        let limit = arguments.longestText
        if length.overflow || length.partialValue > limit { throw FunctionError(.tooLong(limit: limit)) }
        var output: [UInt8] = []
        output.reserveCapacity(length.partialValue)
        for index in 0..<list.count {
            if index > 0 { separator.withBytes { output += $0 } }
            if case .string(let text) = list[index] { text.withBytes { output += $0 } }
        }
        return .string(ByteString(output))
    }

    /// `text` with each character in the other case.
    static func mapped(
        _ text: ByteString, to target: UnicodeCase.Target, limit: Int
    ) throws(FunctionError) -> ByteString {
        let isASCII = text.withBytes { $0.allSatisfy { $0 < 0x80 } }
        guard isASCII else {
            // Like Go's strings.Map this turns each invalid byte into U+FFFD.
            var mapping = CaseMapping(target, length: text.count)
            return try ByteString.measured(limit: limit) { writer in
                text.withBytes { bytes in
                    UTF8Scanner.forEach(in: bytes) { writer.append(mapping.map($0)) }
                }
            }
        }
        let affected = target.asciiRange
        guard text.withBytes({ $0.contains { affected.contains($0) } }) else { return text }
        return ByteString(capacity: text.count) { output in
            text.withBytes { bytes in
                for index in bytes.indices {
                    let byte = bytes[index]
                    output[index] = byte ^ (affected.contains(byte) ? 0x20 : 0)
                }
                return bytes.count
            }
        }
    }

    /// Replaces up to as many occurrences as the last argument says, all if it is negative. The length of the result is
    /// computed before memory is allocated: a short value can ask for a text of many gigabytes.
    @Sendable private static func replace(_ arguments: Arguments) throws(FunctionError) -> Value {
        let text = arguments.string(0)
        let old = arguments.string(1)
        let new = arguments.string(2)
        let limit = arguments.int(3)
        if old == new || limit == 0 { return .string(text) }
        let search = old.isEmpty ? nil : ByteSearch(old)
        var count = 0
        text.withBytes { bytes in
            forEachOccurrence(of: search, in: bytes, limit: limit) { _ in count += 1 }
        }
        if count == 0 { return .string(text) }
        let (added, overflow) = count.multipliedReportingOverflow(by: new.count)
        let length = text.count - count * old.count
        let longest = arguments.longestText
        if overflow || added > longest - length { throw FunctionError(.tooLong(limit: longest)) }
        return .string(
            ByteString(capacity: length + added) { output in
                text.withBytes { bytes in
                    var end = 0
                    var start = 0
                    func append(_ part: UnsafeBufferPointer<UInt8>) {
                        end = UnsafeMutableBufferPointer(rebasing: output[end...]).update(fromContentsOf: part) + end
                    }
                    forEachOccurrence(of: search, in: bytes, limit: limit) { offset in
                        append(UnsafeBufferPointer(rebasing: bytes[start..<offset]))
                        new.withBytes(append)
                        start = offset + old.count
                    }
                    append(UnsafeBufferPointer(rebasing: bytes[start...]))
                    return end
                }
            })
    }

    /// Calls `body` with the offset of each occurrence, of at most `limit` unless that is negative. The empty text, a
    /// nil `search`, is found before every character and at the end.
    private static func forEachOccurrence(
        of search: ByteSearch?, in bytes: UnsafeBufferPointer<UInt8>, limit: Int, _ body: (Int) -> Void
    ) {
        var count = 0
        var start = 0
        while limit < 0 || count < limit {
            let offset: Int
            if let search {
                guard let found = search.firstOffset(in: bytes, from: start) else { return }
                offset = found
                start = found + search.length
            } else {
                if count > 0 && start == bytes.count { return }
                offset = count == 0 ? 0 : start + UTF8Scanner.decode(bytes, at: start).width
                start = offset
            }
            body(offset)
            count += 1
        }
    }

    private static func repeated(
        _ text: ByteString, count: Int, limit: Int
    ) throws(FunctionError) -> ByteString {
        if count == 1 || text.isEmpty { return text }
        let (length, overflow) = text.count.multipliedReportingOverflow(by: count)
        if overflow { throw FunctionError(.lengthOverflow) }
        if length > limit { throw FunctionError(.tooLong(limit: limit)) }
        return ByteString(capacity: length) { output in
            text.withBytes { bytes in
                for index in 0..<count {
                    _ = UnsafeMutableBufferPointer(rebasing: output[(index * bytes.count)...])
                        .initialize(fromContentsOf: bytes)
                }
            }
            return length
        }
    }

    /// Puts spaces before each line, as many as the first argument says, but leaves the empty text alone.
    private static func indented(_ arguments: Arguments) throws(FunctionError) -> [UInt8] {
        let text = arguments.string(1)
        if text.isEmpty { return [] }
        let width = max(0, arguments.int(0))
        let limit = arguments.longestText
        return try text.withBytes { bytes throws(FunctionError) in
            let lines = 1 + bytes.count { $0 == UInt8(ascii: "\n") }
            let (spaces, overflow) = lines.multipliedReportingOverflow(by: width)
            if overflow || spaces > limit - bytes.count { throw FunctionError(.tooLong(limit: limit)) }
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count + spaces)
            let indentation = repeatElement(UInt8(ascii: " "), count: width)
            output += indentation
            for byte in bytes {
                output.append(byte)
                if byte == UInt8(ascii: "\n") { output += indentation }
            }
            return output
        }
    }

    /// In single quotes, doubled inside, as YAML has it.
    @Sendable private static func singleQuoted(_ arguments: Arguments) throws(FunctionError) -> Value {
        let quote = UInt8(ascii: "'")
        let limit = arguments.longestText
        if arguments.string(0).count > limit / 2 { throw FunctionError(.tooLong(limit: limit)) }
        var output = [quote]
        arguments.string(0).withBytes { bytes in
            for byte in bytes {
                if byte == quote { output.append(quote) }
                output.append(byte)
            }
        }
        output.append(quote)
        return .string(ByteString(output))
    }
}

extension ByteString {
    func hasPrefix(_ prefix: ByteString) -> Bool {
        count >= prefix.count && self[0..<prefix.count] == prefix
    }

    func hasSuffix(_ suffix: ByteString) -> Bool {
        count >= suffix.count && self[count - suffix.count..<count] == suffix
    }

    func contains(_ other: ByteString) -> Bool {
        other.isEmpty || withBytes { ByteSearch(other).firstOffset(in: $0) != nil }
    }
}
