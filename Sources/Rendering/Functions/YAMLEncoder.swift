import JSON
import Primitives
import RegularExpressions
import TextTemplate
import YAML

/// Writes values as `sigs.k8s.io/yaml` does: the JSON form of a value, written as go-yaml v2 does.
struct YAMLEncoder: ~Copyable {
    private var writer: YAMLWriter
    /// The bytes of the longest text.
    private let limit: Int

    /// The YAML of `value`, with a line feed at its end; above `limit` bytes it is an error.
    static func encode(_ value: Value, limit: Int) throws(JSONEncodingError) -> [UInt8] {
        var encoder = YAMLEncoder(limit: limit)
        try encoder.append(value)
        return encoder.writer.bytes
    }

    private init(limit: Int) {
        writer = YAMLWriter(limit: limit)
        self.limit = limit
    }

    private mutating func append(_ value: Value) throws(JSONEncodingError) {
        switch value {
        case .invalid, .nilInterface: writer.plain(Array("null".utf8))
        case .bool(let flag): writer.plain(Array("\(flag)".utf8))
        case .int(let number): writer.plain(Array("\(number)".utf8))
        case .integer(let integer): writer.plain(Array("\(integer.value)".utf8))
        case .float(let number): try append(number)
        case .complex: throw .unsupportedType("complex128")
        case .string(let text): try append(text)
        case .slice(let list): try append(list)
        case .map(let map) where map.isNil: writer.plain(Array("null".utf8))
        case .map(let map): try append((0..<map.count).map { map[$0] })
        case .pair, .object: if let object = value.asObject { try append(object) }
        }
        // One value may be in many places of another, so the text may be much longer than the values.
        if writer.isFull { throw .tooLong(limit: limit) }
    }

    /// A number as go-yaml reads it in JSON: an integer if it is written as one.
    private mutating func append(_ number: Double) throws(JSONEncodingError) {
        var json = JSONWriter()
        do throws(JSONError) {
            try json.appendNumber(number)
        } catch {
            throw .notFinite(error)
        }
        switch PlainScalar(json.bytes) {
        case .integer(let digits): writer.plain(digits)
        default: writer.plain(Value.float(number).printed.array)
        }
    }

    private mutating func append(_ text: ByteString) throws(JSONEncodingError) {
        let text = try valid(text)
        text.withBytes { writer.text($0) }
    }

    private mutating func append(_ list: Slice) throws(JSONEncodingError) {
        if list.isNil { return writer.plain(Array("null".utf8)) }
        if list.element == .byte {
            let bytes = list.array.map { value in
                if case .integer(let integer) = value { UInt8(truncatingIfNeeded: integer.value) } else { UInt8(0) }
            }
            return try append(CodingFunctions.encodeBase64(ByteString(bytes)))
        }
        if list.count == 0 { return writer.emptyList() }
        writer.beginList()
        for index in 0..<list.count { try append(list[index]) }
        writer.endList()
    }

    private mutating func append(_ object: any Object) throws(JSONEncodingError) {
        if let time = object as? Time { return try append(time) }
        let isExported = { (name: String) in name.utf8.first.map { $0 >= 0x41 && $0 <= 0x5A } ?? false }
        try append(object.fields.filter { isExported($0.name) }.map { (ByteString($0.name), $0.value) })
    }

    private mutating func append(_ time: Time) throws(JSONEncodingError) {
        let json: [UInt8]
        do throws(FunctionError) {
            json = try time.json()
        } catch {
            throw .method("MarshalJSON", type: time.typeName, error.message)
        }
        try append(ByteString(json.dropFirst().dropLast()))
    }

    private mutating func append(_ entries: [(key: ByteString, value: Value)]) throws(JSONEncodingError) {
        if entries.isEmpty { return writer.emptyMapping() }
        writer.beginMapping()
        for entry in entries.map({ NaturalKey($0.key, $0.value) }).sorted() {
            let key = try valid(entry.key)
            key.withBytes { writer.key($0) }
            try append(entry.value)
        }
        writer.endMapping()
    }

    /// `text` with each byte that is not UTF-8 as U+FFFD, as in JSON.
    private func valid(_ text: ByteString) throws(JSONEncodingError) -> ByteString {
        if text.count > limit - writer.bytes.count { throw .tooLong(limit: limit) }
        if text.withBytes(UTF8Scanner.isValid) { return text }
        do throws(FunctionError) {
            return try ByteString.measured(limit: limit) { writer in
                text.withBytes { bytes in UTF8Scanner.forEach(in: bytes) { writer.append($0) } }
            }
        } catch {
            throw .tooLong(limit: limit)
        }
    }
}

/// A key in go-yaml's order: numbers in keys by their value (`a2` before `a10`), other characters before letters.
private struct NaturalKey: Comparable {
    let key: ByteString
    let value: Value
    private let characters: [UInt32]

    init(_ key: ByteString, _ value: Value) {
        self.key = key
        self.value = value
        var characters: [UInt32] = []
        characters.reserveCapacity(key.count)
        key.withBytes { UTF8Scanner.forEach(in: $0) { characters.append($0) } }
        self.characters = characters
    }

    static func == (left: NaturalKey, right: NaturalKey) -> Bool { left.characters == right.characters }

    static func < (left: NaturalKey, right: NaturalKey) -> Bool {
        let (a, b) = (left.characters, right.characters)
        let common = min(a.count, b.count)
        guard let place = (0..<common).first(where: { a[$0] != b[$0] }) else { return a.count < b.count }
        let (aIsLetter, bIsLetter) = (isLetter(a[place]), isLetter(b[place]))
        if aIsLetter && bIsLetter { return a[place] < b[place] }
        if aIsLetter || bIsLetter { return bIsLetter }
        // Zeros behind another digit are part of a number, those at its start are not.
        let start = (a[place] == zero || b[place] == zero) && continuesNumber(a, before: place) ? 1 : 0
        let (aNumber, aEnd) = number(a, from: place, start: start)
        let (bNumber, bEnd) = number(b, from: place, start: start)
        if aNumber != bNumber { return aNumber < bNumber }
        if aEnd != bEnd { return aEnd < bEnd }
        return a[place] < b[place]
    }

    private static let zero = UInt32(UInt8(ascii: "0"))

    private static func continuesNumber(_ characters: [UInt32], before place: Int) -> Bool {
        characters[..<place].reversed().prefix(while: isDigit).contains { $0 != zero }
    }

    /// The digits at `place` as a number that begins with `start`, and where they end. It wraps around, as in Go.
    private static func number(_ characters: [UInt32], from place: Int, start: Int) -> (value: Int, end: Int) {
        var value = start
        var end = place
        while end < characters.count, isDigit(characters[end]) {
            value = value &* 10 &+ Int(characters[end]) &- Int(zero)
            end += 1
        }
        return (value, end)
    }

    private static func isLetter(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return (scalar | 0x20) &- 0x61 < 26 }
        return switch Unicode.Scalar(scalar)?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    private static func isDigit(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return scalar &- zero < 10 }
        return Unicode.Scalar(scalar)?.properties.generalCategory == .decimalNumber
    }
}
