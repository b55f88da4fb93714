/// `print`, `printf`, `println`, and text made safe for HTML, JavaScript and URLs.
enum TextBuiltins {
    /// Appends what a built-in function that makes text makes of its arguments.
    static func append(_ builtin: Builtin, _ arguments: UnsafeBufferPointer<Value>, into output: inout [UInt8]) {
        switch builtin {
        case .printf:
            guard case .string(let format)? = arguments.first else { return }
            Format.appendFormatted(format, UnsafeBufferPointer(rebasing: arguments.dropFirst()), into: &output)
        case .println: Format.appendPrintln(arguments, into: &output)
        case .html: escape(arguments, into: &output, appendHTML)
        case .js: escape(arguments, into: &output, appendJavaScript)
        case .urlquery: escape(arguments, into: &output, appendURLQuery)
        default: Format.appendPrint(arguments, into: &output)
        }
    }

    /// Go's `evalArgs`, then `append`.
    private static func escape(
        _ arguments: UnsafeBufferPointer<Value>, into output: inout [UInt8],
        _ append: (UnsafeBufferPointer<UInt8>, inout [UInt8]) -> Void
    ) {
        if arguments.count == 1, case .string(let text) = arguments[0] {
            text.withBytes { append($0, &output) }
            return
        }
        var text: [UInt8] = []
        if arguments.count == 1 {
            Format.appendValue(arguments[0].isAbsent ? .invalid : arguments[0], into: &text)
        } else {
            let printable = arguments.map { $0.isAbsent ? Value.string("<no value>") : $0 }
            printable.withUnsafeBufferPointer { Format.appendPrint($0, into: &text) }
        }
        text.withUnsafeBufferPointer { append($0, &output) }
    }

    private static func appendHTML(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        for byte in text {
            switch byte {
            case 0: output.append(contentsOf: "\u{FFFD}".utf8)
            case UInt8(ascii: "\""): output.append(contentsOf: "&#34;".utf8)
            case UInt8(ascii: "'"): output.append(contentsOf: "&#39;".utf8)
            case UInt8(ascii: "&"): output.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): output.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): output.append(contentsOf: "&gt;".utf8)
            default: output.append(byte)
            }
        }
    }

    private static func appendJavaScript(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        var offset = 0
        while offset < text.count {
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
            case let value where Quoting.isPrintable(value):
                output.append(contentsOf: text[offset..<offset + rune.width])
            default:
                appendEscape(rune.value, into: &output)
            }
            offset += rune.width
        }
    }

    /// `\uXXXX`, with more digits where four are not enough.
    private static func appendEscape(_ value: UInt32, into output: inout [UInt8]) {
        let digits = String(value, radix: 16, uppercase: true)
        output.append(contentsOf: "\\u".utf8)
        output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, 4 - digits.utf8.count)))
        output.append(contentsOf: digits.utf8)
    }

    private static func appendURLQuery(_ text: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        for byte in text {
            switch byte {
            case UInt8(ascii: " "): output.append(UInt8(ascii: "+"))
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"): output.append(byte)
            case let byte where CharacterClass.isIdentifier(byte): output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output.append(hexDigit(byte >> 4))
                output.append(hexDigit(byte & 15))
            }
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
