import TextTemplate

/// `add`, `seq`, `atoi` and the like: Go's `int`, which wraps around.
enum ArithmeticFunctions {
    static let table: [String: Function] = [
        "add": Function([.int, .int]) { .int($0.int(0) &+ $0.int(1)) },
        "sub": Function([.int, .int]) { .int($0.int(0) &- $0.int(1)) },
        "mul": Function([.int, .int]) { .int($0.int(0) &* $0.int(1)) },
        "div": Function([.int, .int]) { (arguments) throws(FunctionError) in
            if arguments.int(1) == 0 { throw FunctionError(.divisionByZero) }
            return .int(arguments.int(0).dividedReportingOverflow(by: arguments.int(1)).partialValue)
        },
        "mod": Function([.int, .int]) { (arguments) throws(FunctionError) in
            if arguments.int(1) == 0 { throw FunctionError(.divisionByZero) }
            return .int(arguments.int(0).remainderReportingOverflow(dividingBy: arguments.int(1)).partialValue)
        },
        "seq": Function([.int, .int], body: sequence),
        "atoi": Function([.string], body: integer),
        "parseBool": Function([.string], body: boolean),
    ]

    @Sendable private static func sequence(_ arguments: Arguments) throws(FunctionError) -> Value {
        let first = arguments.int(0)
        let last = arguments.int(1)
        guard first <= last else { return .slice(Slice(.int, [], isNil: true)) }
        let (distance, overflow) = last.subtractingReportingOverflow(first)
        let limit = arguments.longestList
        guard !overflow, distance < limit else { throw FunctionError(.tooMany(limit: limit)) }
        let count = distance + 1
        // Go keeps the first 32 bytes of a list that grows on the stack, and then copies just what is used.
        let capacity = count <= 4 ? count : Slice.capacity(afterAppending: count, of: .int)
        return .slice(Slice(.int, count: count, capacity: capacity) { .int(first + $0) })
    }

    @Sendable private static func integer(_ arguments: Arguments) throws(FunctionError) -> Value {
        let text = arguments.string(0)
        let result: Result<Int, NumberError> = text.withBytes { parseInteger($0) }
        switch result {
        case .success(let number): return .int(number)
        case .failure(.syntax): throw arguments.failure(.notParsable(function: "Atoi", text), of: text)
        case .failure(.range): throw arguments.failure(.outOfRange(function: "Atoi", text), of: text)
        }
    }

    private enum NumberError: Error { case syntax, range }

    /// An optional sign and decimal digits. Like Go's `ParseInt` it looks at the range of 64 bits as it goes, and at that
    /// of signed numbers at the end: of two errors it names the one that it meets first.
    private static func parseInteger(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<Int, NumberError> {
        var digits = bytes[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { return .failure(.syntax) }
        var magnitude: UInt64 = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return .failure(.syntax) }
            let (product, firstOverflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, secondOverflow) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            if firstOverflow || secondOverflow { return .failure(.range) }
            magnitude = sum
        }
        if isNegative, magnitude == UInt64(Int.max) + 1 { return .success(.min) }
        guard let number = Int(exactly: magnitude) else { return .failure(.range) }
        return .success(isNegative ? -number : number)
    }

    @Sendable private static func boolean(_ arguments: Arguments) throws(FunctionError) -> Value {
        switch arguments.string(0) {
        case "1", "t", "T", "true", "TRUE", "True": return .bool(true)
        case "0", "f", "F", "false", "FALSE", "False": return .bool(false)
        default:
            let text = arguments.string(0)
            throw arguments.failure(.notParsable(function: "ParseBool", text), of: text)
        }
    }
}
