import Primitives

/// `print`, `printf`, `println`, and text made safe for HTML, JavaScript and URLs.
enum TextBuiltins {
    /// Appends the result of a built-in function that returns text. `format` is the format of `printf`, if the compiler
    /// has parsed it. `html`, `js` and `urlquery`, which make a text up to six times as long, end soon above `limit` bytes.
    static func append(
        _ builtin: Builtin, _ arguments: UnsafeBufferPointer<Value>, format: UnsafePointer<ParsedFormat>?,
        limit: Int, into output: inout ByteBuffer
    ) {
        switch builtin {
        case .printf:
            if let format {
                let operands = UnsafeBufferPointer(rebasing: arguments.dropFirst())
                return Format.appendFormatted(format, operands, into: &output)
            }
            guard case .string(let format)? = arguments.first else { return }
            Format.appendFormatted(format, UnsafeBufferPointer(rebasing: arguments.dropFirst()), into: &output)
        case .println: Format.appendPrintln(arguments, into: &output)
        case .html: escape(arguments, limit, into: &output, appendHTML)
        case .js: escape(arguments, limit, into: &output, appendJavaScript)
        case .urlquery: escape(arguments, limit, into: &output, appendURLQuery)
        default: Format.appendPrint(arguments, into: &output)
        }
    }

    /// Go's `evalArgs`, then `append`.
    private static func escape(
        _ arguments: UnsafeBufferPointer<Value>, _ limit: Int, into output: inout ByteBuffer,
        _ append: (UnsafeBufferPointer<UInt8>, _ most: Int, inout ByteBuffer) -> Void
    ) {
        let most = output.count + min(limit, Int.max - output.count)
        if arguments.count == 1, case .string(let text) = arguments[0] {
            text.withBytes { append($0, most, &output) }
            return
        }
        var text = ByteBuffer()
        Format.appendPrint(arguments, printable: true, into: &text)
        append(text.bytes, most, &output)
    }

    private static func appendHTML(_ text: UnsafeBufferPointer<UInt8>, upTo most: Int, into output: inout ByteBuffer) {
        for byte in text {
            if output.count > most { return }
            switch byte {
            case 0: output.append("\u{FFFD}")
            case UInt8(ascii: "\""): output.append("&#34;")
            case UInt8(ascii: "'"): output.append("&#39;")
            case UInt8(ascii: "&"): output.append("&amp;")
            case UInt8(ascii: "<"): output.append("&lt;")
            case UInt8(ascii: ">"): output.append("&gt;")
            default: output.append(byte)
            }
        }
    }

    private static func appendJavaScript(
        _ text: UnsafeBufferPointer<UInt8>, upTo most: Int, into output: inout ByteBuffer
    ) {
        var offset = 0
        while offset < text.count, output.count <= most {
            let rune = Rune(text, at: offset)
            switch rune.value {
            case UInt32(UInt8(ascii: "\\")), UInt32(UInt8(ascii: "'")), UInt32(UInt8(ascii: "\"")):
                output.append(UInt8(ascii: "\\"))
                output.append(text[offset])
            case UInt32(UInt8(ascii: "<")), UInt32(UInt8(ascii: ">")), UInt32(UInt8(ascii: "&")),
                UInt32(UInt8(ascii: "=")), ..<0x20:
                appendEscape(rune.value, into: &output)
            case ..<0x80:
                output.append(text[offset])
            case let value where GoQuoting.isPrintable(value):
                output.append(contentsOf: UnsafeBufferPointer(rebasing: text[offset..<offset + rune.width]))
            default:
                appendEscape(rune.value, into: &output)
            }
            offset += rune.width
        }
    }

    /// `\uXXXX`, with more digits where four are not enough.
    private static func appendEscape(_ value: UInt32, into output: inout ByteBuffer) {
        let digits = String(value, radix: 16, uppercase: true)
        output.append("\\u")
        output.append(repeating: UInt8(ascii: "0"), count: 4 - digits.utf8.count)
        output.append(digits)
    }

    private static func appendURLQuery(
        _ text: UnsafeBufferPointer<UInt8>, upTo most: Int, into output: inout ByteBuffer
    ) {
        for byte in text {
            if output.count > most { return }
            switch byte {
            case UInt8(ascii: " "): output.append(UInt8(ascii: "+"))
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"): output.append(byte)
            case let byte where CharacterClass.isIdentifier(byte): output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output.append(Hexadecimal.upperDigit(byte >> 4))
                output.append(Hexadecimal.upperDigit(byte & 15))
            }
        }
    }
}
