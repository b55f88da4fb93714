// The format string of `printf`: directives such as `%-8.3f`, `%[2]*d`, `%%`.

extension Printer {
    /// Go's limit of widths and precisions.
    private static let largestNumber = 1_000_000

    /// The state of reading a format string.
    fileprivate struct Cursor {
        let format: UnsafeBufferPointer<UInt8>
        var position = 0
        /// The operand that the next directive takes.
        var argument = 0
        /// Whether an explicit index such as `[3]` came up.
        var isReordered = false
        /// Whether a `*` came up.
        var takesNumbers = false
        /// Whether the indexes of the current directive are in range and in their places.
        var hasGoodIndex = true
        /// Whether the last thing read was an explicit index.
        var isAfterIndex = false
        /// Whether a bracket may still close an index: once none is found, none is looked for again.
        private var mayClose = true

        var isAtEnd: Bool { position >= format.count }

        func isAt(_ character: Unicode.Scalar) -> Bool {
            position < format.count && format[position] == UInt8(ascii: character)
        }

        init(format: UnsafeBufferPointer<UInt8>) { self.format = format }

        /// Where the first bracket from `start` on is that closes an index.
        mutating func closingBracket(from start: Int) -> Int? {
            guard mayClose else { return nil }
            let bracket = format[start...].firstIndex(of: UInt8(ascii: "]"))
            mayClose = bracket != nil
            return bracket
        }
    }

    /// `fmt.Fprintf`: writes `format`, each directive replaced by the next operand.
    mutating func printFormatted(_ format: UnsafeBufferPointer<UInt8>, _ arguments: UnsafeBufferPointer<Value>) {
        var cursor = Cursor(format: format)
        while !isFull {
            let text = readText(&cursor)
            output.append(contentsOf: UnsafeBufferPointer(rebasing: format[text]))
            guard text.upperBound < format.count else { break }
            guard let verb = readDirective(&cursor, arguments) else {
                write("%!(NOVERB)")
                break
            }
            if verb != Verb.percent && !cursor.hasGoodIndex {
                complain(verb, "(BADINDEX)")
            } else {
                printOperand(verb, arguments, &cursor.argument)
            }
        }
        if !cursor.isReordered { complainOfExtra(arguments, from: cursor.argument) }
    }

    /// The same for a parsed format. Passed by address, because a copy would count references in each call.
    mutating func printFormatted(_ format: UnsafePointer<ParsedFormat>, _ arguments: UnsafeBufferPointer<Value>) {
        var argument = 0
        let bytes = format.pointee.bytes.unretainedBytes
        for index in 0..<format.pointee.directives.count where !isFull {
            let directive = format.pointee.directives[index]
            output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[directive.text]))
            flags = directive.flags
            printOperand(directive.verb, arguments, &argument)
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[format.pointee.rest]))
        complainOfExtra(arguments, from: argument)
    }

    /// The text up to the next directive, and goes behind its `%`.
    private func readText(_ cursor: inout Cursor) -> Range<Int> {
        let start = cursor.position
        while !cursor.isAtEnd && !cursor.isAt("%") { cursor.position += 1 }
        defer { if !cursor.isAtEnd { cursor.position += 1 } }
        return start..<cursor.position
    }

    /// Reads a directive, from behind its `%`, and returns its verb; nil if the format ends before that.
    private mutating func readDirective(_ cursor: inout Cursor, _ arguments: UnsafeBufferPointer<Value>) -> UInt32? {
        flags = Flags()
        cursor.hasGoodIndex = true
        cursor.isAfterIndex = false
        readFlags(&cursor)
        readIndex(&cursor, arguments.count)
        readWidth(&cursor, arguments)
        readPrecision(&cursor, arguments)
        if !cursor.isAfterIndex { readIndex(&cursor, arguments.count) }
        guard !cursor.isAtEnd else { return nil }
        let rune = Rune(cursor.format, at: cursor.position)
        cursor.position += rune.width
        if rune.value == Verb.v || rune.value == Verb.w { useGoSyntaxFlags() }
        return rune.value
    }

    /// Prints the operand at `argument`, and goes to the next one.
    @inline(__always)
    private mutating func printOperand(
        _ verb: UInt32, _ arguments: UnsafeBufferPointer<Value>, _ argument: inout Int
    ) {
        if verb == Verb.percent {
            write("%")
        } else if argument >= arguments.count {
            complain(verb, "(MISSING)")
        } else {
            if !printScalar(arguments, argument, verb) { printArgument(arguments[argument], verb: verb) }
            argument += 1
        }
    }

    /// Prints the commonest operands, as `printArgument` does, without copying them; false for others.
    @inline(__always)
    private mutating func printScalar(
        _ arguments: UnsafeBufferPointer<Value>, _ index: Int, _ verb: UInt32
    ) -> Bool {
        if verb == Verb.capitalT || verb == Verb.p { return false }
        guard let operand = arguments.baseAddress.map({ $0 + index }) else { return false }
        if let text = operand.text {
            if !printBytes(text, verb) { complain(operand.pointee, verb) }
            return true
        }
        switch operand.pointee {
        case .int(let number): printInt(number, verb)
        case .float(let number): printFloat(.float(number), number, verb)
        case .bool(let flag): printBool(flag, verb)
        default: return false
        }
        return true
    }

    /// `#` and `+` choose another notation with `%v`, and lose their meaning for what is inside.
    private mutating func useGoSyntaxFlags() {
        flags.sharpV = flags.sharp
        flags.sharp = false
        flags.plusV = flags.plus
        flags.plus = false
    }

    private mutating func readFlags(_ cursor: inout Cursor) {
        while !cursor.isAtEnd {
            switch cursor.format[cursor.position] {
            case UInt8(ascii: "#"): flags.sharp = true
            case UInt8(ascii: "0"): flags.zero = true
            case UInt8(ascii: "+"): flags.plus = true
            case UInt8(ascii: "-"): flags.minus = true
            case UInt8(ascii: " "): flags.space = true
            default: return
            }
            cursor.position += 1
        }
    }

    private mutating func readWidth(_ cursor: inout Cursor, _ arguments: UnsafeBufferPointer<Value>) {
        guard cursor.isAt("*") else {
            flags.width = readNumber(&cursor, before: cursor.format.count)
            if cursor.isAfterIndex && flags.width != nil { cursor.hasGoodIndex = false }  // %[3]2d
            return
        }
        flags.width = takeNumber(&cursor, arguments)
        if let width = flags.width {
            if width < 0 {
                flags.width = -width
                flags.minus = true
                flags.zero = false
            }
        } else {
            write("%!(BADWIDTH)")
        }
        cursor.isAfterIndex = false
    }

    private mutating func readPrecision(_ cursor: inout Cursor, _ arguments: UnsafeBufferPointer<Value>) {
        guard cursor.isAt("."), cursor.position + 1 < cursor.format.count else { return }
        cursor.position += 1
        if cursor.isAfterIndex { cursor.hasGoodIndex = false }  // %[3].2d
        readIndex(&cursor, arguments.count)
        guard cursor.isAt("*") else {
            flags.precision = readNumber(&cursor, before: cursor.format.count) ?? 0
            return
        }
        flags.precision = takeNumber(&cursor, arguments)
        if let precision = flags.precision, precision < 0 { flags.precision = nil }
        if flags.precision == nil { write("%!(BADPREC)") }
        cursor.isAfterIndex = false
    }

    /// Reads decimal digits; nil if there are none, or if the number is so large that reading stops
    /// and the rest of the format is skipped.
    private func readNumber(_ cursor: inout Cursor, before end: Int) -> Int? {
        var number: Int?
        while cursor.position < end {
            let byte = cursor.format[cursor.position]
            guard byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") else { break }
            let high = number ?? 0
            guard high <= Printer.largestNumber else {
                cursor.position = end
                return nil
            }
            number = high * 10 + Int(byte - UInt8(ascii: "0"))
            cursor.position += 1
        }
        return number
    }

    /// The operand that the `*` here refers to, nil if it is not an integer or out of bounds.
    private func takeNumber(_ cursor: inout Cursor, _ arguments: UnsafeBufferPointer<Value>) -> Int? {
        cursor.position += 1
        cursor.takesNumbers = true
        guard cursor.argument < arguments.count else { return nil }
        let number: Int
        switch arguments[cursor.argument] {
        case .int(let value): number = value
        case .integer(let integer): number = integer.value
        default:
            cursor.argument += 1
            return nil
        }
        cursor.argument += 1
        return number.magnitude <= UInt(Printer.largestNumber) ? number : nil
    }

    /// Reads `[n]` if it stands here: the next directive takes operand n, counted from 1.
    private func readIndex(_ cursor: inout Cursor, _ count: Int) {
        cursor.isAfterIndex = false
        guard cursor.isAt("[") else { return }
        cursor.isReordered = true
        let start = cursor.position + 1
        // Go does not look for the bracket in fewer than three bytes.
        guard cursor.format.count > start + 1,
            let close = cursor.closingBracket(from: start)
        else {
            cursor.hasGoodIndex = false
            cursor.position = start
            return
        }
        cursor.position = start
        let number = readNumber(&cursor, before: close)
        let isNumber = number != nil && cursor.position == close
        cursor.position = close + 1
        cursor.isAfterIndex = isNumber
        if isNumber, let number, number >= 1, number <= count {
            cursor.argument = number - 1
        } else {
            cursor.hasGoodIndex = false
        }
    }

    private mutating func complain(_ verb: UInt32, _ reason: StaticString) {
        write("%!")
        Rune.append(verb, into: &output)
        write(reason)
    }

    private mutating func complainOfExtra(_ arguments: UnsafeBufferPointer<Value>, from first: Int) {
        guard first < arguments.count else { return }
        flags = Flags()
        write("%!(EXTRA ")
        for index in first..<arguments.count {
            if index > first { write(", ") }
            switch arguments[index] {
            case .invalid, .nilInterface:
                write("<nil>")
            case let argument:
                write(Format.typeName(argument))
                write("=")
                printArgument(argument, verb: Verb.v)
            }
        }
        write(")")
    }
}

/// A format that is parsed once, by the compiler. That is possible if no directive takes its width, precision or index
/// from the operands.
struct ParsedFormat: Sendable {
    struct Directive: Sendable {
        /// The text in front of it.
        let text: Range<Int>
        let flags: Flags
        let verb: UInt32
    }

    let bytes: ByteString
    let directives: [Directive]
    /// The text behind the last directive.
    let rest: Range<Int>

    /// Nil if `format` depends on the operands, or ends within a directive.
    init?(_ format: ByteString) {
        guard let (directives, rest) = format.withBytes({ Printer.directives($0) }) else { return nil }
        bytes = format
        self.directives = directives
        self.rest = rest
    }
}

extension Printer {
    fileprivate static func directives(
        _ format: UnsafeBufferPointer<UInt8>
    ) -> (directives: [ParsedFormat.Directive], rest: Range<Int>)? {
        var printer = Printer()
        var cursor = Cursor(format: format)
        var directives: [ParsedFormat.Directive] = []
        while true {
            let text = printer.readText(&cursor)
            if text.upperBound == format.count { return (directives, text) }
            let verb = printer.readDirective(&cursor, UnsafeBufferPointer<Value>(start: nil, count: 0))
            guard let verb, !cursor.isReordered, !cursor.takesNumbers else { return nil }
            directives.append(ParsedFormat.Directive(text: text, flags: printer.flags, verb: verb))
        }
    }
}
