/// A place in a JSON value (RFC 6901): empty for the whole, `/apps/http` for a member of a member, `/0` for an element.
package struct JSONPointer: Hashable, Sendable {
    /// As it is written.
    package let text: String
    private let names: [String]

    /// Nil for text that is no pointer: it begins with `/`, and `~` is followed by 0 or 1.
    package init?(_ text: String) {
        self.text = text
        if text.isEmpty {
            names = []
            return
        }
        guard text.hasPrefix("/") else { return nil }
        var names: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let name = Self.unescaped(part) else { return nil }
            names.append(name)
        }
        self.names = names
    }

    /// What it points to in `value`, nil if there is no such thing.
    package func find(in value: JSONValue) -> JSONValue? {
        var value = value
        for name in names {
            switch value {
            case .object:
                guard let member = value[name] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(name), String(index) == name, elements.indices.contains(index) else { return nil }
                value = elements[index]
            case .null, .bool, .number, .string: return nil
            }
        }
        return value
    }

    private static func unescaped(_ part: Substring) -> String? {
        var name = ""
        var characters = part.unicodeScalars.makeIterator()
        while let character = characters.next() {
            guard character == "~" else {
                name.unicodeScalars.append(character)
                continue
            }
            switch characters.next() {
            case "0": name += "~"
            case "1": name += "/"
            default: return nil
            }
        }
        return name
    }
}
