import HTTP
import Primitives

/// A request with places for the fields of a server: `PATCH /pools/web/{{.handle}}` and a body `{"weight": {{.weight}}}`.
package struct RequestTemplate: Equatable, Sendable {
    /// A property of a server that can be inserted.
    package enum Field: String, CaseIterable, Hashable, Sendable {
        case id, address, host, port, weight, drain, backup
        /// What the list calls the running server, or its place in the list.
        case handle
    }

    package enum Part: Equatable, Sendable {
        case text(String)
        case field(Field)
    }

    package var method: Request.Method
    /// Appended to the endpoint's path. Fields are escaped as parts of a URL.
    package var path: [Part]
    /// JSON. Fields are escaped as inside a JSON string, without the quotes.
    package var body: [Part]
    /// The statuses that mean success.
    package var expectStatus: [ClosedRange<Int>]

    package init(
        _ method: Request.Method, _ path: [Part], body: [Part] = [], expectStatus: [ClosedRange<Int>] = [200...299]
    ) {
        self.method = method
        self.path = path
        self.body = body
        self.expectStatus = expectStatus
    }

    /// The fields that it names.
    package var fields: Set<Field> {
        Set((path + body).compactMap { part in if case .field(let field) = part { field } else { nil } })
    }

    func path(_ values: [Field: String]) -> String {
        Self.filled(path, values) { PercentEncoding.encoded($0.utf8) }
    }

    func body(_ values: [Field: String]) -> [UInt8] {
        Array(
            Self.filled(body, values) { value in
                // Without the quotes around the encoded string.
                String(decoding: JSONValue.string(value).encoded.dropFirst().dropLast(), as: UTF8.self)
            }.utf8)
    }

    private static func filled(
        _ parts: [Part], _ values: [Field: String], _ escape: (String) -> String
    ) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .field(let field): escape(values[field] ?? "")
            }
        }.joined()
    }
}

// MARK: - Text

extension RequestTemplate {
    /// Why text is no template, and where: in bytes from 0.
    package struct Problem: Error, Equatable, Sendable {
        package enum Kind: Equatable, Sendable {
            case unclosed
            case unknownField(String)
        }

        package let kind: Kind
        package let offset: Int
    }

    /// The parts of `text`, in which `{{.NAME}}` is a field.
    package static func parts(_ text: String) throws(Problem) -> [Part] {
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var start = 0
        while let open = find("{{", in: bytes, from: start) {
            guard let close = find("}}", in: bytes, from: open) else { throw Problem(kind: .unclosed, offset: open) }
            if open > start { parts.append(.text(String(decoding: bytes[start..<open], as: UTF8.self))) }
            let words = String(decoding: bytes[open + 2..<close], as: UTF8.self).split(separator: " ")
            let name = words.joined(separator: " ")
            guard name.hasPrefix("."), let field = Field(rawValue: String(name.dropFirst())) else {
                throw Problem(kind: .unknownField(name), offset: open)
            }
            parts.append(.field(field))
            start = close + 2
        }
        if start < bytes.count { parts.append(.text(String(decoding: bytes[start...], as: UTF8.self))) }
        return parts
    }

    private static func find(_ mark: String, in bytes: [UInt8], from start: Int) -> Int? {
        let first = Array(mark.utf8)
        guard bytes.count >= start + first.count else { return nil }
        return (start...bytes.count - first.count).first { bytes[$0] == first[0] && bytes[$0 + 1] == first[1] }
    }
}
