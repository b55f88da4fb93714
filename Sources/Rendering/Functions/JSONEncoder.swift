import TextTemplate

/// Why a value has no form in JSON.
enum JSONEncodingError: Error, Equatable {
    case unsupportedType(String)
    case unsupportedValue(String)
    /// A method of the value failed.
    case method(String, type: String, String)

    /// Go's words.
    var message: String {
        switch self {
        case .unsupportedType(let name): "json: unsupported type: \(name)"
        case .unsupportedValue(let text): "json: unsupported value: \(text)"
        case .method(let name, let type, let cause): "json: error calling \(name) for type \(type): \(cause)"
        }
    }
}

/// Writes values as Go's `encoding/json` does.
struct JSONEncoder {
    private(set) var output: [UInt8] = []
    /// The number of spaces for each level; nil for everything in one line.
    private let indentation: Int?
    private var depth = 0

    init(indentation: Int?) { self.indentation = indentation }

    mutating func append(_ value: Value) throws(JSONEncodingError) {
        switch value {
        case .invalid, .nilInterface: write("null")
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): output += String(number).utf8
        case .integer(let integer): output += String(integer.value).utf8
        case .float(let number): try appendNumber(number)
        case .complex: throw .unsupportedType("complex128")
        case .string(let text): appendString(text)
        case .slice(let list): try append(list)
        case .map(let map):
            if map.isNil { return write("null") }
            try appendObject(count: map.keys.count) { (index) in (map.keys[index], map.values[index]) }
        case .object(let object): try append(object)
        }
    }

    private mutating func append(_ list: Slice) throws(JSONEncodingError) {
        if list.isNil { return write("null") }
        if list.element == .byte {
            let bytes = list.array.map { value in
                if case .integer(let integer) = value { UInt8(truncatingIfNeeded: integer.value) } else { UInt8(0) }
            }
            return appendString(CodingFunctions.encodeBase64(ByteString(bytes)))
        }
        write("[")
        depth += 1
        for index in 0..<list.count {
            startItem(isFirst: index == 0)
            try append(list[index])
        }
        depth -= 1
        if list.count > 0 { startLine() }
        write("]")
    }

    private mutating func append(_ object: any Object) throws(JSONEncodingError) {
        if let time = object as? Time {
            do {
                output += try time.json()
            } catch {
                throw .method("MarshalJSON", type: object.typeName, error.message.text)
            }
            return
        }
        let fields = object.fields.filter { $0.name.utf8.first.map { $0 >= 0x41 && $0 <= 0x5A } ?? false }
        try appendObject(count: fields.count) { (index) in (ByteString(fields[index].name), fields[index].value) }
    }

    private mutating func appendObject(
        count: Int, _ entry: (Int) -> (key: ByteString, value: Value)
    ) throws(JSONEncodingError) {
        write("{")
        depth += 1
        for index in 0..<count {
            startItem(isFirst: index == 0)
            let (key, value) = entry(index)
            appendString(key)
            write(indentation == nil ? ":" : ": ")
            try append(value)
        }
        depth -= 1
        if count > 0 { startLine() }
        write("}")
    }

    private mutating func startItem(isFirst: Bool) {
        if !isFirst { write(",") }
        startLine()
    }

    private mutating func startLine() {
        guard let indentation else { return }
        write("\n")
        output += repeatElement(UInt8(ascii: " "), count: depth * indentation)
    }

    private mutating func write(_ text: StaticString) {
        output += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    // MARK: - Strings

    /// With escapes for what HTML or JavaScript could mistake; what is not UTF-8 becomes U+FFFD.
    private mutating func appendString(_ text: ByteString) {
        write("\"")
        text.withBytes { bytes in
            var position = 0
            while position < bytes.count {
                let (scalar, width) = UTF8Scanner.decode(bytes, at: position)
                position += width
                switch scalar {
                case 0x22: write("\\\"")
                case 0x5C: write("\\\\")
                case 0x08: write("\\b")
                case 0x0C: write("\\f")
                case 0x0A: write("\\n")
                case 0x0D: write("\\r")
                case 0x09: write("\\t")
                case 0x00..<0x20, 0x26, 0x3C, 0x3E, 0x2028, 0x2029: appendEscape(scalar)
                default: UTF8Scanner.append(scalar, to: &output)
                }
            }
        }
        write("\"")
    }

    private mutating func appendEscape(_ scalar: UInt32) {
        let digits = Array("0123456789abcdef".utf8)
        write("\\u")
        for shift in [12, 8, 4, 0] { output.append(digits[Int(scalar >> UInt32(shift)) & 15]) }
    }

    // MARK: - Numbers

    /// The shortest digits that give the number again; with an exponent if it is below 1e-6 or from 1e21 on.
    private mutating func appendNumber(_ number: Double) throws(JSONEncodingError) {
        guard number.isFinite else { throw .unsupportedValue(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf") }
        if number.sign == .minus { write("-") }
        let (digits, point) = Self.decimal(number.magnitude)
        if number != 0, number.magnitude < 1e-6 || number.magnitude >= 1e21 {
            output.append(digits[0])
            if digits.count > 1 { write(".") }
            output += digits.dropFirst()
            write(point > 0 ? "e+" : "e")
            output += String(point - 1).utf8
        } else if point <= 0 {
            write("0.")
            output += repeatElement(UInt8(ascii: "0"), count: -point)
            output += digits
        } else if digits.count > point {
            output += digits[..<point]
            write(".")
            output += digits[point...]
        } else {
            output += digits
            output += repeatElement(UInt8(ascii: "0"), count: point - digits.count)
        }
    }

    /// The significant digits of `number`, and where its decimal point is, counted from their start.
    private static func decimal(_ number: Double) -> (digits: [UInt8], point: Int) {
        if number == 0 { return ([UInt8(ascii: "0")], 1) }
        let parts = number.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        var digits = Array(mantissa[0].utf8) + (mantissa.count > 1 ? Array(mantissa[1].utf8) : [])
        var point = mantissa[0].utf8.count + exponent
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        return (digits, point)
    }
}
