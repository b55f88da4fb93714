@testable import JSON

/// Decodes `input` for `target` and writes it again as Go would: keys sorted, the last of equal ones kept.
func rewrite(_ input: [UInt8], as target: JSONTarget = .any, indent: String? = nil) throws(JSONError) -> [UInt8] {
    try input.withUnsafeBufferPointer { input throws(JSONError) in
        let document = try JSONDocument(parsing: input)
        try document.require(target, in: input)
        var writer = JSONWriter(indent: indent.map { Array($0.utf8) })
        try write(document, 0, input, &writer)
        return writer.finish()
    }
}

private func write(
    _ document: JSONDocument, _ index: Int, _ input: UnsafeBufferPointer<UInt8>, _ writer: inout JSONWriter
) throws(JSONError) {
    switch document.tokens[index].kind {
    case .null: writer.appendNull()
    case .false: writer.appendBool(false)
    case .true: writer.appendBool(true)
    case .number: try writer.appendNumber(document.tokens[index].number)
    case .string: document.withString(at: index, in: input) { writer.appendString($0) }
    case .array:
        writer.beginArray()
        for element in document.elements(of: index) { try write(document, element, input, &writer) }
        writer.endArray()
    case .object:
        var members: [[UInt8]: Int] = [:]
        for key in document.keys(of: index) {
            members[document.withString(at: key, in: input) { Array($0) }] = key + 1
        }
        writer.beginObject()
        for (key, value) in members.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            key.withUnsafeBufferPointer { writer.key($0) }
            try write(document, value, input, &writer)
        }
        writer.endObject()
    }
}

/// `=` and what is written for `input`, or `!` and the error.
func answer(_ input: [UInt8], as target: JSONTarget = .any) -> String {
    do throws(JSONError) {
        return "=" + String(decoding: try rewrite(input, as: target), as: UTF8.self)
    } catch {
        return "!" + error.message
    }
}

/// The bytes of a recorded text, in which `%XX` stands for a byte.
func unescaped(_ text: some StringProtocol) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
            bytes.append(value)
            rest = rest.dropFirst(2)
        } else {
            bytes.append(byte)
        }
    }
    return bytes
}
