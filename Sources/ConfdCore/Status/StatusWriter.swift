import JSON
import Posix

/// Writes members of JSON objects; nil becomes `null`.
struct StatusWriter: ~Copyable {
    private var writer = JSONWriter()

    mutating func object(_ members: (inout StatusWriter) -> Void) {
        writer.beginObject()
        members(&self)
        writer.endObject()
    }

    mutating func member(_ name: String, _ members: (inout StatusWriter) -> Void) {
        key(name)
        object(members)
    }

    mutating func array<Element>(
        _ name: String, _ elements: [Element], _ members: (inout StatusWriter, Element) -> Void
    ) {
        key(name)
        writer.beginArray()
        for element in elements { object { members(&$0, element) } }
        writer.endArray()
    }

    mutating func numbers(_ name: String, _ numbers: [Int]) {
        key(name)
        writer.beginArray()
        for number in numbers { writer.appendInt(number) }
        writer.endArray()
    }

    mutating func texts(_ name: String, _ texts: [String]) {
        key(name)
        writer.beginArray()
        for text in texts { Array(text.utf8).withUnsafeBufferPointer { writer.appendString($0) } }
        writer.endArray()
    }

    mutating func set(_ name: String, _ text: String?) {
        key(name)
        guard let text else { return writer.appendNull() }
        Array(text.utf8).withUnsafeBufferPointer { writer.appendString($0) }
    }

    mutating func set(_ name: String, _ number: Int?) {
        key(name)
        if let number { writer.appendInt(number) } else { writer.appendNull() }
    }

    /// A time in seconds, with milliseconds.
    mutating func set(_ name: String, _ time: Duration?) {
        key(name)
        guard let time else { return writer.appendNull() }
        // Finite, so that it can be written.
        try? writer.appendNumber(Double(time.milliseconds()) / 1_000)
    }

    mutating func setNull(_ name: String) {
        key(name)
        writer.appendNull()
    }

    mutating func set(_ name: String, _ flag: Bool) {
        key(name)
        writer.appendBool(flag)
    }

    consuming func finish() -> [UInt8] { writer.finish() }

    private mutating func key(_ name: String) { Array(name.utf8).withUnsafeBufferPointer { writer.key($0) } }
}
