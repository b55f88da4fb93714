import JSON
import TextTemplate

/// `json`, `jsonArray`, `fromJson`, `toJson` and `toPrettyJson`.
enum JSONFunctions {
    static let table: [String: Function] = [
        "json": Function([.string]) { (arguments) throws(FunctionError) in try decode(arguments, as: .object) },
        "jsonArray": Function([.string]) { (arguments) throws(FunctionError) in try decode(arguments, as: .array) },
        "fromJson": Function([.string]) { (arguments) throws(FunctionError) in try decode(arguments, as: .any) },
        "toJson": Function([.any]) { (arguments) throws(FunctionError) in try encode(arguments, indent: nil) },
        "toPrettyJson": Function([.any]) { (arguments) throws(FunctionError) in
            try encode(arguments, indent: Array("  ".utf8))
        },
    ]

    private static func decode(_ arguments: Arguments, as target: JSONTarget) throws(FunctionError) -> Value {
        let context = arguments.rendering
        do {
            return try JSONValues.decode(arguments.string(0), as: target, in: &context.document)
        } catch {
            throw arguments.failure(.json(error), of: arguments.string(0))
        }
    }

    private static func encode(_ arguments: Arguments, indent: [UInt8]?) throws(FunctionError) -> Value {
        do {
            return .string(
                ByteString(try JSONEncoder.encode(arguments[0], indent: indent, limit: arguments.longestText)))
        } catch {
            throw FunctionError(.encoding(error))
        }
    }
}

/// Values from decoded JSON.
enum JSONValues {
    /// The value that `text` encodes.
    static func decode(_ text: ByteString) throws(JSONError) -> Value {
        var document = JSONDocument()
        return try decode(text, as: .any, in: &document)
    }

    /// The value that `text` encodes; `document` is working memory.
    static func decode(
        _ text: ByteString, as target: JSONTarget, in document: inout JSONDocument
    ) throws(JSONError) -> Value {
        try text.withBytes { bytes throws(JSONError) in
            try document.parse(bytes)
            try document.require(target, in: bytes)
        }
        let unescaped = document.unescaped.isEmpty ? ByteString() : ByteString(document.unescaped)
        if case .null = document.firstToken.pointee.kind { return null(as: target) }
        var index = 0
        let value = Builder(text: text, unescaped: unescaped, tokens: document.firstToken).value(at: &index)
        // A pointer keeps nothing alive, and this may be the last use of the document.
        withExtendedLifetime(document) {}
        return value
    }

    private static func null(as target: JSONTarget) -> Value {
        switch target {
        case .any: .nilInterface
        case .object: .map(Map([], isNil: true))
        case .array: .slice(Slice(.any, [], isNil: true))
        }
    }

    /// Goes along the tape once. Strings share the storage of the text that they were read from.
    private struct Builder {
        let text: ByteString
        let unescaped: ByteString
        let tokens: UnsafePointer<JSONToken>

        /// The value at `index`, which is moved past it.
        func value(at index: inout Int) -> Value {
            let token = tokens + index
            index += 1
            switch token.pointee.kind {
            case .null: return .nilInterface
            case .false: return .bool(false)
            case .true: return .bool(true)
            case .number: return .float(token.pointee.number)
            case .string: return .string(string(token))
            case .array:
                var values: [Value] = []
                values.reserveCapacity(Int(token.pointee.length))
                for _ in 0..<token.pointee.length { values.append(value(at: &index)) }
                return .slice(
                    Slice(.any, values, capacity: Slice.capacity(afterAppending: values.count, of: .any)))
            case .object:
                var map = Map.Builder(capacity: Int(token.pointee.length))
                for _ in 0..<token.pointee.length {
                    let key = string(tokens + index)
                    index += 1
                    map.append(key, value(at: &index))
                }
                return .map(map.finish())
            }
        }

        @inline(__always)
        private func string(_ token: UnsafePointer<JSONToken>) -> ByteString {
            let start = Int(token.pointee.start)
            let range = start..<start + Int(token.pointee.length)
            return token.pointee.isUnescaped ? unescaped[range] : text[range]
        }
    }
}
