import TextTemplate

/// Functions of Go's package `strings` and their like.
enum StringFunctions {
    static let table: [String: Function] = [
        "split": Function([.string, .string], body: split),
        "join": Function([.strings, .string], body: join),
        "toUpper": Function([.string]) { .string(map($0.string(0), UnicodeCase.upper, asciiRange: 0x61...0x7A)) },
        "toLower": Function([.string]) { .string(map($0.string(0), UnicodeCase.lower, asciiRange: 0x41...0x5A)) },
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
            .string(try repeated(arguments.string(1), count: max(0, arguments.int(0))))
        },
        "indent": Function([.int, .string]) { (arguments) throws(FunctionError) in
            .string(ByteString(try indented(arguments.string(1), by: arguments.int(0))))
        },
        "nindent": Function([.int, .string]) { (arguments) throws(FunctionError) in
            .string(ByteString([UInt8(ascii: "\n")] + (try indented(arguments.string(1), by: arguments.int(0)))))
        },
        "quote": Function([.string]) { (arguments) throws(FunctionError) in
            // A byte becomes four at most.
            if arguments.string(0).count > Failure.longestText / 4 { throw FunctionError(.tooLong) }
            return .string(arguments.string(0).quoted)
        },
        "squote": Function([.string], body: singleQuoted),
    ]

    @Sendable private static func split(_ arguments: Arguments) -> Value {
        let text = arguments.string(0)
        let separator = arguments.string(1)
        var parts: [Value] = []
        text.withBytes { bytes in
            var start = 0
            if separator.isEmpty {
                while start < bytes.count {
                    let width = UTF8Scanner.decode(bytes, at: start).width
                    parts.append(.string(text[start..<start + width]))
                    start += width
                }
                return
            }
            let search = ByteSearch(separator)
            while let end = search.firstOffset(in: bytes, from: start) {
                parts.append(.string(text[start..<end]))
                start = end + separator.count
            }
            parts.append(.string(text[start..<bytes.count]))
        }
        return .slice(Slice(.string, parts))
    }

    @Sendable private static func join(_ arguments: Arguments) throws(FunctionError) -> Value {
        let list = arguments.slice(0)
        let separator = arguments.string(1)
        if list.count == 1 { return list[0] }
        let length = (0..<list.count).reduce(max(0, list.count - 1).multipliedReportingOverflow(by: separator.count)) {
            guard case .string(let text) = list[$1] else { return $0 }
            return ($0.partialValue + text.count, $0.overflow)
        }
        if length.overflow || length.partialValue > Failure.longestText { throw FunctionError(.tooLong) }
        var output: [UInt8] = []
        output.reserveCapacity(length.partialValue)
        for index in 0..<list.count {
            if index > 0 { separator.withBytes { output += $0 } }
            if case .string(let text) = list[index] { text.withBytes { output += $0 } }
        }
        return .string(ByteString(output))
    }

    /// `text` with each character replaced; the ASCII characters that are affected lie in `asciiRange`.
    static func map(
        _ text: ByteString, _ transform: (UInt32) -> UInt32, asciiRange: ClosedRange<UInt8>
    ) -> ByteString {
        text.withBytes { bytes in
            var isASCII = true
            var isAffected = false
            for byte in bytes {
                isASCII = isASCII && byte < 0x80
                isAffected = isAffected || asciiRange.contains(byte)
            }
            if isASCII {
                guard isAffected else { return text }
                return ByteString(capacity: bytes.count) { output in
                    for (index, byte) in bytes.enumerated() {
                        output[index] = asciiRange.contains(byte) ? byte ^ 0x20 : byte
                    }
                    return bytes.count
                }
            }
            // Like Go's strings.Map this turns each invalid byte into U+FFFD.
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count)
            var position = 0
            while position < bytes.count {
                let (scalar, width) = UTF8Scanner.decode(bytes, at: position)
                UTF8Scanner.append(transform(scalar), to: &output)
                position += width
            }
            return ByteString(output)
        }
    }

    /// Replaces up to as many occurrences as the last argument says, all if it is negative. The length of the result is
    /// known before there is any: a small value can ask for a text of many gigabytes.
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
        if overflow || added > Failure.longestText - length { throw FunctionError(.tooLong) }
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

    private static func repeated(_ text: ByteString, count: Int) throws(FunctionError) -> ByteString {
        if count == 1 || text.isEmpty { return text }
        let (length, overflow) = text.count.multipliedReportingOverflow(by: count)
        if overflow { throw FunctionError(.lengthOverflow) }
        if length > Failure.longestText { throw FunctionError(.tooLong) }
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

    /// Puts `width` spaces before each line, but leaves the empty text alone.
    private static func indented(_ text: ByteString, by width: Int) throws(FunctionError) -> [UInt8] {
        if text.isEmpty { return [] }
        let width = max(0, width)
        return try text.withBytes { bytes throws(FunctionError) in
            let lines = 1 + bytes.count { $0 == UInt8(ascii: "\n") }
            let (spaces, overflow) = lines.multipliedReportingOverflow(by: width)
            if overflow || spaces > Failure.longestText - bytes.count { throw FunctionError(.tooLong) }
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
        if arguments.string(0).count > Failure.longestText / 2 { throw FunctionError(.tooLong) }
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
