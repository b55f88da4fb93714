// Strings, booleans and padding.

extension Printer {
    /// Writes `text`, filled up to the width of the directive.
    mutating func pad(_ text: StaticString) {
        pad(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes `bytes`, filled up to the width of the directive, which counts code points.
    mutating func pad(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let width = flags.width, width > 0 else {
            output.append(contentsOf: bytes)
            return
        }
        let missing = width - Rune.count(bytes)
        if !flags.minus { fill(missing) }
        output.append(contentsOf: bytes)
        if flags.minus { fill(missing) }
    }

    /// Fills what was written from `start` on up to the width of the directive.
    mutating func pad(from start: Int) {
        guard let width = flags.width, width > 0 else { return }
        let missing = width - Rune.count(output.bytes(from: start))
        if flags.minus { fill(missing) } else { output.insert(repeating: flags.padding, count: missing, at: start) }
    }

    /// Writes `count` filling bytes; none if it is not positive.
    mutating func fill(_ count: Int) {
        output.append(repeating: flags.padding, count: count)
    }

    mutating func printBool(_ flag: Bool, _ verb: UInt32) {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "t"), UInt8(ascii: "v"):
            if flag { pad("true") } else { pad("false") }
        default:
            complain(.bool(flag), verb)
        }
    }

    /// Prints `text`, which is `value` itself or the result of its `String` method.
    mutating func printString(_ value: Value, _ text: ByteString, _ verb: UInt32) {
        let isText = text.withBytes { printBytes($0, verb) }
        if !isText { complain(value, verb) }
    }

    /// Prints bytes by one of the verbs for text; false if `verb` is none of them.
    mutating func printBytes(_ bytes: UnsafeBufferPointer<UInt8>, _ verb: UInt32) -> Bool {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v"):
            if flags.sharpV { printQuoted(bytes) } else { printText(bytes) }
        case UInt8(ascii: "s"):
            printText(bytes)
        case UInt8(ascii: "x"):
            printHexadecimal(bytes, Digits.lower)
        case UInt8(ascii: "X"):
            printHexadecimal(bytes, Digits.upper)
        case UInt8(ascii: "q"):
            printQuoted(bytes)
        default:
            return false
        }
        return true
    }

    /// Prints bytes as they are, cut off at the precision.
    mutating func printText(_ bytes: UnsafeBufferPointer<UInt8>) {
        pad(truncate(bytes))
    }

    /// The first code points of `bytes`, as many as the precision allows.
    private func truncate(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard var remaining = flags.precision, remaining < bytes.count else { return bytes }
        var end = 0
        while remaining > 0 && end < bytes.count {
            end += Rune(bytes, at: end).width
            remaining -= 1
        }
        return UnsafeBufferPointer(rebasing: bytes[..<end])
    }

    /// Prints a string literal: in backquotes for `#` where it can be, in ASCII for `+`.
    private mutating func printQuoted(_ bytes: UnsafeBufferPointer<UInt8>) {
        let bytes = truncate(bytes)
        let start = output.count
        if flags.sharp && Quoting.canBackquote(bytes) {
            output.append(UInt8(ascii: "`"))
            output.append(contentsOf: bytes)
            output.append(UInt8(ascii: "`"))
        } else {
            Quoting(asciiOnly: flags.plus).append(bytes, into: &output)
        }
        pad(from: start)
    }

    /// Prints two digits a byte; a space between bytes and `0x` in front as the flags ask.
    private mutating func printHexadecimal(_ bytes: UnsafeBufferPointer<UInt8>, _ digits: Digits) {
        let count = min(bytes.count, flags.precision ?? bytes.count)
        guard count > 0 else {
            fill(flags.width ?? 0)
            return
        }
        var width = 2 * count
        if flags.space {
            if flags.sharp { width *= 2 }
            width += count - 1
        } else if flags.sharp {
            width += 2
        }
        let missing = (flags.width ?? 0) - width
        if !flags.minus { fill(missing) }
        for index in 0..<count {
            if flags.space && index > 0 { write(" ") }
            if flags.sharp && (flags.space || index == 0) {
                output.append(UInt8(ascii: "0"))
                output.append(digits.x)
            }
            output.append(digits[bytes[index] >> 4])
            output.append(digits[bytes[index] & 0xF])
        }
        if flags.minus { fill(missing) }
    }
}
