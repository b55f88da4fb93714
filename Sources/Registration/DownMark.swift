import JSON

/// `"down": true` in the JSON object that is a service's value.
package enum DownMark {
    /// Why a value cannot be marked.
    package enum Failure: Error, Equatable, Sendable {
        case json(JSONError)
        case notAnObject
        /// There is a member `down` that is not true, false, null or a number.
        case otherMember
    }

    /// `value` with the mark; all else stays as it is written.
    package static func set(in value: [UInt8]) throws(Failure) -> [UInt8] {
        let document: JSONDocument
        do throws(JSONError) {
            document = try value.withUnsafeBufferPointer { bytes throws(JSONError) in try JSONDocument(parsing: bytes) }
        } catch { throw .json(error) }
        guard document.tokens[0].kind == .object, let end = value.lastIndex(of: UInt8(ascii: "}")) else {
            throw .notAnObject
        }
        let name = Array("down".utf8)
        // Of members with one name the last one counts.
        let member = document.keys(of: 0).last { key in
            value.withUnsafeBufferPointer { document.withString(at: key, in: $0) { $0.elementsEqual(name) } }
        }
        guard let member else {
            let separator = document.tokens[0].count == 0 ? "" : ", "
            return Array(value[..<end]) + Array("\(separator)\"down\": true".utf8) + Array(value[end...])
        }
        let token = document.tokens[member + 1]
        switch token.kind {
        case .true: return value
        case .false, .null, .number:
            var marked = value
            marked.replaceSubrange(token.range, with: "true".utf8)
            return marked
        case .string, .array, .object: throw .otherMember
        }
    }
}

extension DownMark.Failure {
    /// One line, about the value.
    package var message: String {
        switch self {
        case .json(let error): "not a JSON object, which on_fall = \"mark\" needs: \(error.message)"
        case .notAnObject: "not a JSON object, which on_fall = \"mark\" needs"
        case .otherMember: "its member \"down\" is not true or false"
        }
    }
}
