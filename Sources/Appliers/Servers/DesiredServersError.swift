import Diagnostics

/// Why a rendering is no list of servers.
package struct DesiredServersError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case tooLarge(bytes: Int)
        case tooMany
        case lineTooLong
        case syntax(JSONTreeError)
        case notAnObject(found: String)
        case missing(String)
        case wrongType(String, found: String, wanted: String)
        case badID(String)
        case badAddress(String)
        case badWeight(String)
        case badWord(String)
        case tooManyWords
        case duplicateField(String)
        case duplicateID(String, firstLine: Int)
        case duplicateAddress(String, firstLine: Int)
    }

    package let kind: Kind
    /// Counted from 1.
    package let line: Int

    package init(_ kind: Kind, line: Int) {
        self.kind = kind
        self.line = line
    }

    /// The error in the rendering `file`.
    package func report(file: String) -> ErrorReport {
        ErrorReport(message, at: Location(file, line: line, column: column), hint: hint)
    }

    /// Counted from 1, in bytes.
    private var column: Int {
        guard case .syntax(let error) = kind else { return 1 }
        return error.offset + 1
    }

    /// One line, without the place.
    package var message: String {
        switch kind {
        case .tooLarge(let bytes): "\(bytes) bytes, more than \(DesiredServers.byteLimit)"
        case .tooMany: "more than \(DesiredServers.serverLimit) servers"
        case .lineTooLong: "a line of more than \(DesiredServers.lineLimit) bytes"
        case .syntax(let error): error.message
        case .notAnObject(let found): "not a server: \(found) in place of an object"
        case .missing(let field): "no \"\(field)\""
        case .wrongType(let field, let found, let wanted): "\(shown(field)) is \(found), not \(wanted)"
        case .badID(let id): "not an id: \(shown(id))"
        case .badAddress(let address): "not an address: \(shown(address))"
        case .badWeight(let weight): "not a weight: \(weight)"
        case .badWord(let word): "too long or empty: \(shown(word))"
        case .tooManyWords: "too many fields"
        case .duplicateField(let field): "\(shown(field)) twice"
        case .duplicateID(let id, let line): "id \(shown(id)) is that of line \(line) too"
        case .duplicateAddress(let address, let line): "address \(shown(address)) is that of line \(line) too"
        }
    }

    private var hint: String? {
        switch kind {
        case .badID: "1 to 128 printable ASCII characters, without spaces and slashes"
        case .badAddress: "write HOST:PORT, [IPV6]:PORT or unix:/PATH"
        case .badWeight: "an integer from 0 to 65535"
        case .notAnObject, .syntax: "each line is one server: {\"id\": \"a\", \"address\": \"10.0.0.1:80\"}"
        case .tooLarge, .tooMany, .lineTooLong, .missing, .wrongType, .badWord, .tooManyWords, .duplicateField,
            .duplicateID, .duplicateAddress:
            nil
        }
    }

    /// Quoted, and not longer than a line can take.
    private func shown(_ text: String) -> String {
        text.utf8.count > 200 ? "\"\(text.prefix(200))…\"" : "\"\(text)\""
    }
}
