import JSON

extension JSONValue {
    /// What an error calls it: `a string`, `an object`.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The value of the last member `key`, nil if there is none or this is no object.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var bool: Bool? {
        guard case .bool(let isSet) = self else { return nil }
        return isSet
    }

    package var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// An integer, however it is written.
    package var integer: Int? {
        guard case .number(let text, let value) = self else { return nil }
        return Int(text) ?? Int(exactly: value)
    }

    /// A string, number or boolean as text; nil for everything else.
    package var scalarText: String? {
        switch self {
        case .string(let text), .number(let text, _): text
        case .bool(let isSet): isSet ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    /// As JSON text.
    package var encoded: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.finish()
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.appendNull()
        case .bool(let isSet): writer.appendBool(isSet)
        case .number(let text, let value): Self.write(text, value, to: &writer)
        case .string(let text): Self.withBytes(text) { writer.appendString($0) }
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                Self.withBytes(member.key) { writer.key($0) }
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    private static func write(_ text: String, _ value: Double, to writer: inout JSONWriter) {
        // Beyond 2^53 a floating-point number would not be the same integer.
        if let integer = Int(text) { return writer.appendInt(integer) }
        do throws(JSONError) {
            try writer.appendNumber(value)
        } catch {
            preconditionFailure("a number that was decoded is finite")
        }
    }

    private static func withBytes(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var text = text
        text.withUTF8(body)
    }
}
