/// The verbs that the printer itself names; any other code point is a verb too.
enum Verb {
    static let v = UInt32(UInt8(ascii: "v"))
    static let capitalT = UInt32(UInt8(ascii: "T"))
    static let p = UInt32(UInt8(ascii: "p"))
    static let w = UInt32(UInt8(ascii: "w"))
    static let percent = UInt32(UInt8(ascii: "%"))
}

/// The flags, width and precision of a directive such as `%-8.3f`.
struct Flags {
    var width: Int?
    var precision: Int?
    var minus = false
    var plus = false
    var sharp = false
    var space = false
    var zero = false
    /// `%+v` and `%#v` mean other things than `+` and `#` with other verbs.
    var plusV = false
    var sharpV = false

    /// The padding byte; zeros pad on the left only.
    var padding: UInt8 { zero && !minus ? UInt8(ascii: "0") : UInt8(ascii: " ") }
}

/// Formats values one after the other, as Go's `fmt.pp` does.
struct Printer: ~Copyable {
    var output: ByteBuffer
    var flags = Flags()
    /// Set while a value is shown inside of a complaint: its methods are not called then.
    private var isComplaining = false

    init() { output = ByteBuffer(capacity: 0) }

    /// Whether the output exceeds what any rendering may write, so that printing can stop: a short format with large
    /// widths asks for gigabytes.
    var isFull: Bool { output.count > Printer.mostOutput }
    private static let mostOutput = 1 << 30

    /// Lends `output` to a printer for the time of `body`, without copying it.
    static func run(into output: inout ByteBuffer, _ body: (inout Printer) -> Void) {
        var printer = Printer()
        swap(&printer.output, &output)
        body(&printer)
        swap(&printer.output, &output)
    }

    mutating func write(_ text: StaticString) {
        output.append(text)
    }

    mutating func write(_ text: String) {
        output.append(text)
    }

    /// Prints an operand: its type for `%T`, its address for `%p`, else its value.
    mutating func printArgument(_ value: Value, verb: UInt32) {
        switch value {
        case .invalid, .nilInterface:
            if verb == Verb.v || verb == Verb.capitalT { pad("<nil>") } else { complain(value, verb) }
            return
        default:
            break
        }
        if verb == Verb.capitalT {
            var name = Format.typeName(value)
            name.withUTF8 { printText($0) }
        } else if verb == Verb.p {
            printPointer(value, verb)
        } else if case .slice(let slice) = value, slice.element == .byte {
            printSlice(slice, verb, 0)
        } else if !printByMethod(value, verb) {
            printValue(value, verb: verb, depth: 0)
        }
    }

    /// Prints a value by its kind; `depth` counts the collections and structs around it.
    mutating func printValue(_ value: Value, verb: UInt32, depth: Int) {
        switch value {
        case .invalid, .nilInterface:
            if flags.sharpV { write("interface {}(nil)") } else { write("<nil>") }
        case .bool(let flag):
            printBool(flag, verb)
        case .int(let number):
            printInt(number, verb)
        case .integer(let integer):
            let bits = UInt64(bitPattern: Int64(integer.value))
            if !printInteger(bits, isSigned: integer.isSigned, verb) { complain(value, verb) }
        case .float(let number):
            printFloat(value, number, verb)
        case .complex(let number):
            printComplex(value, number, verb)
        case .string(let text):
            printString(value, text, verb)
        case .slice(let slice):
            printSlice(slice, verb, depth)
        case .map(let map):
            printMap(map, verb, depth)
        case .pair(let pair):
            printObject(pair.object, verb, depth)
        case .object(let object):
            printObject(object, verb, depth)
        }
    }

    /// Prints a value inside of another one: methods of its type come first.
    mutating func printElement(_ value: Value, verb: UInt32, depth: Int) {
        if !printByMethod(value, verb) {
            printValue(value, verb: verb, depth: depth)
        }
    }

    /// Prints the result of `String`, `Error` or `GoString` if the type has one and the verb takes text.
    private mutating func printByMethod(_ value: Value, _ verb: UInt32) -> Bool {
        if isComplaining { return false }
        switch value {
        case .integer, .pair, .object, .slice, .map: break
        default: return false
        }
        if verb == Verb.w {
            // Only Errorf knows %w.
            complain(value, verb)
            return true
        }
        if flags.sharpV {
            guard case .object(let object as any GoStringer) = value else { return false }
            object.goDescription.withBytes { printText($0) }
            return true
        }
        guard Printer.takesText(verb), let text = value.methodText else { return false }
        printString(value, text, verb)
        return true
    }

    static func takesText(_ verb: UInt32) -> Bool {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v"), UInt8(ascii: "s"), UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "q"): true
        default: false
        }
    }

    /// Writes `%!d(string=text)`: the verb does not suit the value.
    mutating func complain(_ value: Value, _ verb: UInt32) {
        switch value {
        case .invalid, .nilInterface:
            write("%!")
            Rune.append(verb, into: &output)
            write("(<nil>)")
        default:
            complain(ofType: Format.typeName(value), verb) { $0.printArgument(value, verb: Verb.v) }
        }
    }

    /// Writes `%!d(type=text)`; `print` prints the text.
    mutating func complain(ofType name: String, _ verb: UInt32, _ print: (inout Printer) -> Void) {
        isComplaining = true
        defer { isComplaining = false }
        write("%!")
        Rune.append(verb, into: &output)
        write("(")
        write(name)
        write("=")
        print(&self)
        write(")")
    }
}

extension Value {
    /// The result of the `String` or `Error` method, nil if the type has none.
    fileprivate var methodText: ByteString? {
        switch self {
        case .object(let object): object.description
        case .integer(let integer): integer.methodText
        default: nil
        }
    }
}

extension Value.Integer {
    /// Whether the Go type is signed: `%#v` shows unsigned ones in hexadecimal.
    fileprivate var isSigned: Bool { kind != .uint8 && kind != .uint16 }
}
