import JSON

/// A part of a JSON schema; members stay in their order.
indirect enum SchemaNode {
    case object([(name: String, value: SchemaNode)])
    case array([SchemaNode])
    case text(String)
    case flag(Bool)
    case number(Int)

    static func reference(_ definition: String) -> SchemaNode {
        .object([("$ref", .text("#/definitions/\(definition)"))])
    }

    static func type(_ names: String...) -> SchemaNode {
        .object([("type", names.count == 1 ? .text(names[0]) : .array(names.map { .text($0) }))])
    }

    static func choice(_ choices: [String]) -> SchemaNode { .object([("enum", .array(choices.map { .text($0) }))]) }

    static func anyOf(_ nodes: SchemaNode...) -> SchemaNode { .object([("anyOf", .array(nodes))]) }

    static func list(of node: SchemaNode, atLeast count: Int = 0) -> SchemaNode {
        .object([("type", .text("array")), ("items", node)] + (count > 0 ? [("minItems", .number(count))] : []))
    }

    /// One of `definition`, or an array of them.
    static func tables(_ definition: String) -> SchemaNode {
        .anyOf(reference(definition), list(of: reference(definition), atLeast: 1))
    }

    /// A table with these fields and no others.
    static func table(_ fields: [(name: String, value: SchemaNode)], required: [String] = []) -> SchemaNode {
        .object(
            [("type", .text("object")), ("additionalProperties", .flag(false)), ("properties", .object(fields))]
                + (required.isEmpty ? [] : [("required", .array(required.map { .text($0) }))]))
    }

    /// The same with a text that editors show.
    func described(_ text: String?) -> SchemaNode {
        guard let text, case .object(let members) = self else { return self }
        return .object([("description", .text(text))] + members)
    }

    /// The text of the schema, indented.
    var json: String {
        var writer = JSONWriter(indent: Array("  ".utf8))
        write(to: &writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .object(let members):
            writer.beginObject()
            for (name, value) in members {
                Array(name.utf8).withUnsafeBufferPointer { writer.key($0) }
                value.write(to: &writer)
            }
            writer.endObject()
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .text(let text): Array(text.utf8).withUnsafeBufferPointer { writer.appendString($0) }
        case .flag(let flag): writer.appendBool(flag)
        case .number(let number): writer.appendInt(number)
        }
    }
}
