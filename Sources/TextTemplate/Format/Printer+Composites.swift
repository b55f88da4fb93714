// Collections, structs and pointers.

extension Printer {
    mutating func printSlice(_ slice: Slice, _ verb: UInt32, _ depth: Int) {
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
        for index in 0..<slice.count where !isFull {
            if index > 0 { writeSeparator() }
            printElement(slice[index], verb: verb, depth: depth + 1)
        }
        write(flags.sharpV ? "}" : "]")
    }

    mutating func printMap(_ map: Map, _ verb: UInt32, _ depth: Int) {
        if flags.sharpV {
            write("map[string]interface {}")
            if map.isNil {
                write("(nil)")
                return
            }
        }
        write(flags.sharpV ? "{" : "map[")
        for index in 0..<map.count where !isFull {
            if index > 0 { writeSeparator() }
            let (key, value) = map[index]
            printString(.string(key), key, verb)
            write(":")
            printElement(value, verb: verb, depth: depth + 1)
        }
        write(flags.sharpV ? "}" : "]")
    }

    mutating func printObject(_ object: any Object, _ verb: UInt32, _ depth: Int) {
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
        if let time = object as? Time {
            printFields(of: time, verb)
            return
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

    mutating func printPointer(_ value: Value, _ verb: UInt32) {
        guard let address = value.address else {
            complain(value, verb)
            return
        }
        printPointer(to: address, Format.typeName(value), verb)
    }

    /// Prints an address of type `name`; 0 is Go's nil.
    private mutating func printPointer(to address: UInt64, _ name: String, _ verb: UInt32) {
        switch UInt8(exactly: verb) {
        case UInt8(ascii: "v") where flags.sharpV:
            write("(")
            write(name)
            write(")(")
            if address == 0 { write("nil") } else { printHexadecimal(address, prefixed: true) }
            write(")")
        case UInt8(ascii: "v") where address == 0:
            pad("<nil>")
        case UInt8(ascii: "v"), UInt8(ascii: "p"):
            printHexadecimal(address, prefixed: !flags.sharp)
        case UInt8(ascii: "b"), UInt8(ascii: "o"), UInt8(ascii: "d"), UInt8(ascii: "x"), UInt8(ascii: "X"):
            printInteger(address, isSigned: false, verb)
        default:
            complain(ofType: name, verb) { $0.printPointer(to: address, name, Verb.v) }
        }
    }

    /// Prints the fields of a time, which are not exported: no methods are called on them.
    private mutating func printFields(of time: Time, _ verb: UInt32) {
        func label(_ name: StaticString, _ printer: inout Printer) {
            if printer.flags.plusV || printer.flags.sharpV { printer.write(name) }
        }
        write("{")
        label("wall:", &self)
        if !printInteger(time.wall, isSigned: false, verb) {
            complain(ofType: "uint64", verb) { $0.printInteger(time.wall, isSigned: false, Verb.v) }
        }
        writeSeparator()
        label("ext:", &self)
        printValue(.integer(.init(.int64, time.extended)), verb: verb, depth: 1)
        writeSeparator()
        label("loc:", &self)
        // Go keeps UTC as nil.
        let address = time.location === Time.Location.utc ? 0 : Value.object(time.location).address ?? 0
        printPointer(to: address, time.location.typeName, verb)
        write("}")
    }
}

extension Value {
    /// Where the value is in memory if it is of a pointer-like type: Go's nil is 0.
    fileprivate var address: UInt64? {
        switch self {
        case .slice(let slice):
            slice.isNil ? 0 : Value.address(of: slice.storage, offset: slice.offset)
        case .map(let map):
            map.isNil ? 0 : Value.address(of: map.storage)
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
