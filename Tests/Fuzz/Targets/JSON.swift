@testable import JSON

/// A text is refused with an error that points into it, or decoded; what is decoded survives encoding.
enum Target: FuzzTarget {
    static func run(_ input: UnsafeBufferPointer<UInt8>) {
        let result = decode(input)
        switch result {
        case .failure(let error):
            check((0...input.count).contains(error.offset), "offset \(error.offset) is in the text")
            _ = error.message
        case .success(let document):
            checkTape(document, input)
            for target in [JSONTarget.any, .object, .array] {
                do throws(JSONError) {
                    try document.require(target, in: input)
                } catch {
                    check((0..<input.count).contains(error.offset), "offset \(error.offset) is in the text")
                    _ = error.message
                }
            }
            checkEncoding(document, input)
        }
        checkShifted(input, result)
    }

    static func work(_ input: UnsafeBufferPointer<UInt8>) {
        switch decode(input) {
        case .success(let document):
            do throws(JSONError) { try document.require(.object, in: input) } catch { _ = error.message }
            _ = encode(document, input, indent: nil)
        case .failure(let error): _ = error.message
        }
    }

    private static func decode(_ input: UnsafeBufferPointer<UInt8>) -> Result<JSONDocument, JSONError> {
        Result { () throws(JSONError) in try JSONDocument(parsing: input) }
    }

    /// Each token lies in the text, and each number is what the standard library reads.
    private static func checkTape(_ document: JSONDocument, _ input: UnsafeBufferPointer<UInt8>) {
        check(document.tokens.first?.end == document.tokens.count, "the first token is the whole value")
        for (index, token) in document.tokens.enumerated() {
            check(token.end > index && token.end <= document.tokens.count, "token \(index) ends on the tape")
            switch token.kind {
            case .number:
                let text = String(decoding: input[token.range], as: UTF8.self)
                check(Double(text)?.bitPattern == token.number.bitPattern, "\(text) is read as \(token.number)")
            case .string:
                let count = token.isUnescaped ? document.unescaped.count : input.count
                check(token.range.upperBound <= count, "string \(index) is in its memory")
                document.withString(at: index, in: input) { bytes in
                    check(UTF8Span.isValid(bytes), "a decoded string is UTF-8")
                }
            case .null, .true, .false:
                check(token.range.upperBound <= input.count, "literal \(index) is in the text")
            case .array, .object:
                break
            }
        }
    }

    private static func checkEncoding(_ document: JSONDocument, _ input: UnsafeBufferPointer<UInt8>) {
        // A number out of range has no encoding.
        guard let compact = encode(document, input, indent: nil) else { return }
        let indented = encode(document, input, indent: [UInt8(ascii: " ")]) ?? []
        for text in [compact, indented] {
            text.withUnsafeBufferPointer { text in
                guard case .success(let again) = decode(text) else { fatalError("what is encoded is decoded") }
                check(encode(again, text, indent: nil) == compact, "encoding again changes nothing")
                check(again.tokens.count == document.tokens.count, "as many values as before")
            }
        }
    }

    /// Spaces in front change nothing but offsets, though they move the text within the words of memory that the parser
    /// reads.
    private static func checkShifted(
        _ input: UnsafeBufferPointer<UInt8>, _ result: Result<JSONDocument, JSONError>
    ) {
        let shift = 1 + input.count % 7
        ([UInt8](repeating: UInt8(ascii: " "), count: shift) + input).withUnsafeBufferPointer { shifted in
            switch (decode(shifted), result) {
            case (.success(let document), .success(let first)):
                check(
                    encode(document, shifted, indent: nil) == encode(first, input, indent: nil), "spaces change nothing"
                )
            case (.failure(let error), .failure(let first)):
                check(error.kind == first.kind && error.offset == first.offset + shift, "spaces change no error")
            default:
                fatalError("spaces make it valid or invalid")
            }
        }
    }

    /// Writes the tape as it stands, without recursion; nil if a number has no encoding.
    private static func encode(
        _ document: JSONDocument, _ input: UnsafeBufferPointer<UInt8>, indent: [UInt8]?
    ) -> [UInt8]? {
        var writer = JSONWriter(indent: indent)
        /// The containers that are open, and whether a key comes next.
        var open: [(end: Int, isObject: Bool, wantsKey: Bool)] = []
        for (index, token) in document.tokens.enumerated() {
            while let innermost = open.last, innermost.end == index { close(&writer, &open) }
            if let innermost = open.last, innermost.isObject {
                open[open.count - 1].wantsKey.toggle()
                if innermost.wantsKey {
                    document.withString(at: index, in: input) { writer.key($0) }
                    continue
                }
            }
            switch token.kind {
            case .null: writer.appendNull()
            case .false: writer.appendBool(false)
            case .true: writer.appendBool(true)
            case .number:
                do throws(JSONError) { try writer.appendNumber(token.number) } catch { return nil }
            case .string: document.withString(at: index, in: input) { writer.appendString($0) }
            case .array:
                writer.beginArray()
                open.append((token.end, false, false))
            case .object:
                writer.beginObject()
                open.append((token.end, true, true))
            }
        }
        while !open.isEmpty { close(&writer, &open) }
        return writer.finish()
    }

    private static func close(_ writer: inout JSONWriter, _ open: inout [(end: Int, isObject: Bool, wantsKey: Bool)]) {
        if open.removeLast().isObject { writer.endObject() } else { writer.endArray() }
    }

    static let pumps = [
        Pump("arrays", "[", suffix: "0]") { _ in "0," },
        Pump("nested arrays", "[", suffix: "0]") { _ in "[[[[]]]]," },
        Pump("deep arrays") { _ in "[" },
        Pump("deep objects") { _ in "{\"a\":" },
        Pump("members", "{", suffix: "\"z\":0}") { "\"k\($0)\":{}," },
        Pump("equal members", "{", suffix: "\"z\":0}") { _ in "\"k\":0," },
        Pump("digits") { _ in "1" },
        Pump("digits of a fraction", "0.") { _ in "1" },
        Pump("zeros of a fraction", "0.", suffix: "1") { _ in "0" },
        Pump("digits of an exponent", "1e-") { _ in "1" },
        Pump("numbers out of range", "[", suffix: "0]") { _ in "1e999," },
        Pump("long numbers", "[", suffix: "0]") { _ in "0.12345678901234567890," },
        Pump("escapes", "\"", suffix: "\"") { _ in "\\u00e9\\n" },
        Pump("surrogates", "\"", suffix: "\"") { _ in "\\ud83d\\ude00\\ud83d" },
        Pump("characters of three bytes", "\"", suffix: "\"") { _ in "€" },
        Pump("short strings", "[", suffix: "0]") { _ in "\"\",\"\\n\"," },
        Pump("spaces", suffix: "0") { _ in " \n\t" },
        Pump("unclosed string", "\"") { _ in "a" },
        Pump("error at the end", "[", suffix: "}") { _ in "[1]," },
    ]
}

extension UTF8Span {
    fileprivate static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        do { _ = try UTF8Span(validating: bytes.span) } catch { return false }
        return true
    }
}
