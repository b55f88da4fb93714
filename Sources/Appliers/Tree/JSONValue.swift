import JSON

/// A decoded JSON value, for answers of a few MiB that are searched and partly sent back.
package indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The number as it is written, and its value.
    case number(text: String, value: Double)
    case string(String)
    case array([JSONValue])
    /// In the order of the text; a key can occur twice.
    case object([Member])

    package struct Member: Equatable, Sendable {
        package let key: String
        package let value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The deepest nesting of arrays and objects; a server's answer has a handful.
    static let depthLimit = 64

    /// Decodes `bytes`, one value.
    package init(parsing bytes: [UInt8]) throws(JSONTreeError) {
        var result: Result<JSONValue, JSONTreeError> = .success(.null)
        bytes.withUnsafeBufferPointer { input in
            do throws(JSONTreeError) {
                result = .success(try Self.decode(input))
            } catch {
                result = .failure(error)
            }
        }
        self = try result.get()
    }

    private static func decode(_ input: UnsafeBufferPointer<UInt8>) throws(JSONTreeError) -> JSONValue {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: input)
            try document.require(.any, in: input)
        } catch {
            throw .syntax(error)
        }
        return try Reader(document: document, input: input).value(at: 0, depth: 0)
    }

    private struct Reader {
        let document: JSONDocument
        let input: UnsafeBufferPointer<UInt8>

        func value(at index: Int, depth: Int) throws(JSONTreeError) -> JSONValue {
            let token = document.tokens[index]
            if depth > JSONValue.depthLimit { throw .tooDeep(offset: token.offset) }
            switch token.kind {
            case .null: return .null
            case .false: return .bool(false)
            case .true: return .bool(true)
            case .number: return .number(text: String(decoding: input[token.range], as: UTF8.self), value: token.number)
            case .string: return .string(string(at: index))
            case .array:
                var elements: [JSONValue] = []
                elements.reserveCapacity(token.count)
                for element in document.elements(of: index) {
                    elements.append(try value(at: element, depth: depth + 1))
                }
                return .array(elements)
            case .object:
                var members: [Member] = []
                members.reserveCapacity(token.count)
                for key in document.keys(of: index) {
                    members.append(Member(string(at: key), try value(at: key + 1, depth: depth + 1)))
                }
                return .object(members)
            }
        }

        private func string(at index: Int) -> String {
            document.withString(at: index, in: input) { String(decoding: $0, as: UTF8.self) }
        }
    }
}

/// Why text cannot be decoded.
package enum JSONTreeError: Error, Equatable, Sendable {
    case syntax(JSONError)
    case tooDeep(offset: Int)

    /// The byte at which it was seen, from 0.
    package var offset: Int {
        switch self {
        case .syntax(let error): error.offset
        case .tooDeep(let offset): offset
        }
    }

    /// One line, lower case.
    package var message: String {
        switch self {
        case .syntax(let error): error.message
        case .tooDeep: "more than \(JSONValue.depthLimit) arrays and objects in each other"
        }
    }
}
