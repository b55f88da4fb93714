/// The verbs that the printer itself names; any other code point is a verb too.
enum Verb {
    static let v = UInt32(UInt8(ascii: "v"))
    static let capitalT = UInt32(UInt8(ascii: "T"))
    static let p = UInt32(UInt8(ascii: "p"))
    static let w = UInt32(UInt8(ascii: "w"))
}

/// What a directive such as `%-8.3f` asks for, apart from its verb.
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

    /// What missing bytes are filled with. Zeros go to the left only.
    var padding: UInt8 { zero && !minus ? UInt8(ascii: "0") : UInt8(ascii: " ") }
}

/// Formats values one after the other, as Go's `fmt.pp` does.
struct Printer {
    var output: [UInt8] = []
    var flags = Flags()
    /// Set while a value is shown inside of a complaint: its methods are not called then.
    private var isComplaining = false

    /// Lends `output` to a printer for the time of `body`, without copying it.
    static func run(into output: inout [UInt8], _ body: (inout Printer) -> Void) {
        var printer = Printer()
        swap(&printer.output, &output)
        body(&printer)
        swap(&printer.output, &output)
    }

    mutating func write(_ text: StaticString) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func write(_ text: String) {
        output.append(contentsOf: text.utf8)
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
            printInteger(value, magnitudeBits: UInt64(bitPattern: Int64(number)), isSigned: true, verb)
        case .integer(let integer):
            printInteger(
                value, magnitudeBits: UInt64(bitPattern: Int64(integer.value)), isSigned: integer.isSigned, verb)
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
        case .object(let object):
            printObject(object, verb, depth)
        }
    }

    /// Prints a value inside of another one: methods of its type come first.
    private mutating func printElement(_ value: Value, verb: UInt32, depth: Int) {
        if !printByMethod(value, verb) {
            printValue(value, verb: verb, depth: depth)
        }
    }

    /// Prints the result of `String`, `Error` or `GoString` if the type has one and the verb takes text.
    private mutating func printByMethod(_ value: Value, _ verb: UInt32) -> Bool {
        if isComplaining { return false }
        switch value {
        case .integer, .object, .slice, .map: break
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

    private static func takesText(_ verb: UInt32) -> Bool {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v"), UInt8(ascii: "s"), UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "q"): true
        default: false
        }
    }

    /// Writes `%!d(string=text)`: the verb does not suit the value.
    mutating func complain(_ value: Value, _ verb: UInt32) {
        isComplaining = true
        defer { isComplaining = false }
        write("%!")
        Rune.append(verb, into: &output)
        write("(")
        switch value {
        case .invalid, .nilInterface:
            write("<nil>")
        default:
            write(Format.typeName(value))
            write("=")
            printArgument(value, verb: Verb.v)
        }
        write(")")
    }
}

// MARK: Collections, structs and pointers

extension Printer {
    private mutating func printSlice(_ slice: Slice, _ verb: UInt32, _ depth: Int) {
        if slice.element == .byte && verb != Verb.v && Printer.takesText(verb) {
            let bytes = slice.array.map(\.byte)
            _ = bytes.withUnsafeBufferPointer { printBytes($0, verb) }
            return
        }
        if flags.sharpV {
            // At the top Go calls the type of bytes by its short name.
            let isShort = slice.element == .byte && depth == 0 && verb == Verb.v
            write(isShort ? "[]byte" : Format.typeName(slice.element))
            if slice.isNil {
                write("(nil)")
                return
            }
        }
        write(flags.sharpV ? "{" : "[")
        for index in 0..<slice.count {
            if index > 0 { writeSeparator() }
            printElement(slice[index], verb: verb, depth: depth + 1)
        }
        write(flags.sharpV ? "}" : "]")
    }

    private mutating func printMap(_ map: Map, _ verb: UInt32, _ depth: Int) {
        if flags.sharpV {
            write("map[string]interface {}")
            if map.isNil {
                write("(nil)")
                return
            }
        }
        write(flags.sharpV ? "{" : "map[")
        for (index, key) in map.keys.enumerated() {
            if index > 0 { writeSeparator() }
            printString(.string(key), key, verb)
            write(":")
            printElement(map.values[index], verb: verb, depth: depth + 1)
        }
        write(flags.sharpV ? "}" : "]")
    }

    private mutating func printObject(_ object: any Object, _ verb: UInt32, _ depth: Int) {
        guard object.typeName.hasPrefix("*") else {
            printStruct(object, verb: verb, depth: depth)
            return
        }
        // Pointers are followed at the top only, as they might form a loop.
        if depth == 0 {
            write("&")
            printStruct(object, verb: verb, depth: depth + 1)
        } else {
            printPointer(.object(object), verb)
        }
    }

    /// Prints the fields of a struct, or of the struct that a pointer points to.
    mutating func printStruct(_ object: any Object, verb: UInt32, depth: Int) {
        if flags.sharpV {
            let name = object.typeName
            write(name.hasPrefix("*") ? String(name.dropFirst()) : name)
        }
        write("{")
        for (index, field) in object.fields.enumerated() {
            if index > 0 { writeSeparator() }
            if flags.plusV || flags.sharpV {
                write(field.name)
                write(":")
            }
            printElement(field.value, verb: verb, depth: depth + 1)
        }
        write("}")
    }

    private mutating func writeSeparator() {
        if flags.sharpV { write(", ") } else { write(" ") }
    }

    private mutating func printPointer(_ value: Value, _ verb: UInt32) {
        guard let address = value.address else {
            complain(value, verb)
            return
        }
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v") where flags.sharpV:
            write("(")
            write(Format.typeName(value))
            write(")(")
            if address == 0 { write("nil") } else { printHexadecimal(address, prefixed: true) }
            write(")")
        case UInt8(ascii: "v") where address == 0:
            pad("<nil>")
        case UInt8(ascii: "v"), UInt8(ascii: "p"):
            printHexadecimal(address, prefixed: !flags.sharp)
        case UInt8(ascii: "b"), UInt8(ascii: "o"), UInt8(ascii: "d"), UInt8(ascii: "x"), UInt8(ascii: "X"):
            printInteger(value, magnitudeBits: address, isSigned: false, verb)
        default:
            complain(value, verb)
        }
    }
}

/// A type with a `GoString` method: what `%#v` shows.
protocol GoStringer: Object {
    var goDescription: ByteString { get }
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

    /// Where the value is in memory if it is of a pointer-like type: Go's nil is 0.
    fileprivate var address: UInt64? {
        switch self {
        case .slice(let slice):
            slice.isNil ? 0 : Value.address(of: slice.storage, offset: slice.offset)
        case .map(let map):
            map.isNil ? 0 : Value.address(of: map)
        case .object(let object) where object.typeName.hasPrefix("*"):
            Value.address(of: object)
        default:
            nil
        }
    }

    /// The value of an element of `[]uint8`.
    fileprivate var byte: UInt8 {
        switch self {
        case .integer(let integer): UInt8(truncatingIfNeeded: integer.value)
        case .int(let number): UInt8(truncatingIfNeeded: number)
        default: preconditionFailure("an element of []uint8 has another type")
        }
    }

    private static func address(of object: AnyObject, offset: Int = 0) -> UInt64 {
        UInt64(UInt(bitPattern: ObjectIdentifier(object))) + UInt64(offset * MemoryLayout<Value>.stride)
    }
}

extension Value.Integer {
    /// Whether the Go type is signed: `%#v` shows unsigned ones in hexadecimal.
    var isSigned: Bool { kind != .uint8 && kind != .uint16 }

    /// The result of the type's `String` method, nil if it has none.
    fileprivate var methodText: ByteString? {
        switch kind {
        case .duration: ByteString(TimeSpan.text(value))
        case .month: ByteString(Calendar.monthText(value))
        case .weekday: ByteString(Calendar.weekdayText(value))
        case .int64, .int32, .uint8, .uint16: nil
        }
    }
}
