/// Go's `fmt` package for template values: the same verbs, flags, notations and complaints.
enum Format {
    /// Appends the operands as `fmt.Sprint` does: a space between two when neither is a string. `printable` makes them
    /// what text/template hands to `fmt`: pointers followed, nothing as `<no value>`.
    static func appendPrint(
        _ arguments: UnsafeBufferPointer<Value>, printable: Bool = false, into output: inout ByteBuffer
    ) {
        Printer.run(into: &output) { printer in
            var afterString = false
            for (index, argument) in arguments.enumerated() {
                let isMissing = printable && argument.isAbsent
                var isString = isMissing
                if case .string = argument { isString = true }
                if index > 0 && !isString && !afterString { printer.output.append(UInt8(ascii: " ")) }
                if isMissing {
                    printer.write("<no value>")
                } else if printable, let object = argument.pointedStruct {
                    printer.printStruct(object, verb: Verb.v, depth: 0)
                } else {
                    printer.printArgument(argument, verb: Verb.v)
                }
                afterString = isString
            }
        }
    }

    /// Appends the operands as `fmt.Sprintln` does: a space between any two, a newline at the end.
    static func appendPrintln(_ arguments: UnsafeBufferPointer<Value>, into output: inout ByteBuffer) {
        Printer.run(into: &output) { printer in
            for (index, argument) in arguments.enumerated() {
                if index > 0 { printer.output.append(UInt8(ascii: " ")) }
                printer.printArgument(argument, verb: Verb.v)
            }
            printer.output.append(UInt8(ascii: "\n"))
        }
    }

    /// Appends the operands as the directives of `format` ask, as `fmt.Sprintf`.
    static func appendFormatted(
        _ format: ByteString, _ arguments: UnsafeBufferPointer<Value>, into output: inout ByteBuffer
    ) {
        Printer.run(into: &output) { printer in
            format.withBytes { printer.printFormatted($0, arguments) }
        }
    }

    /// Appends the operands as the directives of a parsed format ask.
    static func appendFormatted(
        _ format: UnsafePointer<ParsedFormat>, _ arguments: UnsafeBufferPointer<Value>, into output: inout ByteBuffer
    ) {
        Printer.run(into: &output) { $0.printFormatted(format, arguments) }
    }

    /// Appends what an action of a template writes: `fmt.Fprint` of one value, pointers followed.
    static func appendValue(_ value: Value, into output: inout ByteBuffer) {
        switch value {
        case .string(let text):
            text.withBytes { output.append(contentsOf: $0) }
        case .int(let number):
            DecimalText.append(number, into: &output)
        case .bool(let flag):
            if flag { output.append("true") } else { output.append("false") }
        case .float(let number):
            FloatText.append(number, notation: .general, precision: nil, into: &output)
        case .invalid:
            output.append("<no value>")
        default:
            Printer.run(into: &output) { printer in
                if let object = value.pointedStruct {
                    printer.printStruct(object, verb: Verb.v, depth: 0)
                } else {
                    printer.printArgument(value, verb: Verb.v)
                }
            }
        }
    }

    /// The name of the value's Go type, what `%T` prints.
    static func typeName(_ value: Value) -> String {
        switch value {
        case .invalid, .nilInterface: "<nil>"
        case .bool: "bool"
        case .int: "int"
        case .integer(let integer): typeName(integer.kind)
        case .float: "float64"
        case .complex: "complex128"
        case .string: "string"
        case .slice(let slice): typeName(slice.element)
        case .map: "map[string]interface {}"
        case .pair: "memkv.KVPair"
        case .object(let object): object.typeName
        }
    }

    /// The name of an integer type other than `int`.
    static func typeName(_ kind: Value.Integer.Kind) -> String {
        switch kind {
        case .int64: "int64"
        case .int32: "int32"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .duration: "time.Duration"
        case .month: "time.Month"
        case .weekday: "time.Weekday"
        }
    }

    /// The name of a slice type by what its elements are.
    static func typeName(_ element: Slice.Element) -> String {
        switch element {
        case .string: "[]string"
        case .int: "[]int"
        case .any: "[]interface {}"
        case .byte: "[]uint8"
        case .pair: "[]memkv.KVPair"
        case .pairs: "memkv.KVPairs"
        case .serviceRecord: "[]*net.SRV"
        }
    }
}

extension Value {
    /// The struct that the value points at, if it is a pointer to one without a `String` method.
    fileprivate var pointedStruct: (any Object)? {
        guard case .object(let object) = self, object.description == nil, object.typeName.hasPrefix("*") else {
            return nil
        }
        return object
    }
}
