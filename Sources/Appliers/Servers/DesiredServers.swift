import JSON

/// The servers that a backend is to have, read from a rendering: a JSON object a line, empty lines left out.
///
///     {"id": "a", "address": "10.0.0.1:8001", "weight": 2, "drain": false, "backup": false, "check": true}
package struct DesiredServers: Equatable, Sendable {
    /// In the order of the lines.
    package let servers: [DesiredServer]

    /// The largest rendering, in bytes.
    package static let byteLimit = 4 << 20
    /// The longest line, in bytes.
    package static let lineLimit = 16 << 10
    package static let serverLimit = 10_000

    /// Reads `rendering`; throws the first mistake.
    package init(parsing rendering: [UInt8]) throws(DesiredServersError) {
        if rendering.count > Self.byteLimit {
            throw DesiredServersError(.tooLarge(bytes: rendering.count), line: 1)
        }
        var servers: [DesiredServer] = []
        var lineOfID: [String: Int] = [:]
        var lineOfAddress: [ServerAddress: Int] = [:]
        var number = 0
        for line in rendering.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if line.allSatisfy(Self.isSpace) { continue }
            if servers.count == Self.serverLimit { throw DesiredServersError(.tooMany, line: number) }
            var fields = try ServerLine(line, number: number)
            let server = try fields.server()
            if let first = lineOfID.updateValue(number, forKey: server.id) {
                throw DesiredServersError(.duplicateID(server.id, firstLine: first), line: number)
            }
            if let first = lineOfAddress.updateValue(number, forKey: server.address) {
                throw DesiredServersError(.duplicateAddress(server.address.text, firstLine: first), line: number)
            }
            servers.append(server)
        }
        self.servers = servers
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}

/// One line of a rendering.
private struct ServerLine {
    private let number: Int
    private var members: [String: JSONValue] = [:]

    private static let idLimit = 128
    private static let wordLimit = 64
    private static let valueLimit = 1 << 10

    init(_ line: ArraySlice<UInt8>, number: Int) throws(DesiredServersError) {
        self.number = number
        if line.count > DesiredServers.lineLimit { throw DesiredServersError(.lineTooLong, line: number) }
        let value: JSONValue
        do throws(JSONTreeError) {
            value = try JSONValue(parsing: Array(line))
        } catch {
            throw DesiredServersError(.syntax(error), line: number)
        }
        guard case .object(let members) = value else {
            throw DesiredServersError(.notAnObject(found: value.kindName), line: number)
        }
        for member in members where self.members.updateValue(member.value, forKey: member.key) != nil {
            throw DesiredServersError(.duplicateField(member.key), line: number)
        }
    }

    mutating func server() throws(DesiredServersError) -> DesiredServer {
        let id = try id()
        let address = try address()
        let weight = try weight()
        let isDrained = try flag("drain")
        let isBackup = try flag("backup")
        return DesiredServer(
            id: id, address: address, weight: weight, isDrained: isDrained, isBackup: isBackup, words: try words())
    }

    private mutating func id() throws(DesiredServersError) -> String {
        let id = try string("id")
        let isPlain = id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard isPlain, (1...Self.idLimit).contains(id.utf8.count) else { throw error(.badID(id)) }
        return id
    }

    private mutating func address() throws(DesiredServersError) -> ServerAddress {
        let text = try string("address")
        guard let address = ServerAddress(text) else { throw error(.badAddress(text)) }
        return address
    }

    private mutating func weight() throws(DesiredServersError) -> Int {
        switch members.removeValue(forKey: "weight") {
        case nil: return 1
        case .number(let text, _)?:
            guard let weight = Int(text), (0...65_535).contains(weight) else { throw error(.badWeight(text)) }
            return weight
        case let other?: throw error(.wrongType("weight", found: other.kindName, wanted: "number"))
        }
    }

    private mutating func flag(_ field: String) throws(DesiredServersError) -> Bool {
        switch members.removeValue(forKey: field) {
        case nil: return false
        case .bool(let isSet)?: return isSet
        case let other?: throw error(.wrongType(field, found: other.kindName, wanted: "boolean"))
        }
    }

    private mutating func string(_ field: String) throws(DesiredServersError) -> String {
        switch members.removeValue(forKey: field) {
        case nil: throw error(.missing(field))
        case .string(let text)?: return text
        case let other?: throw error(.wrongType(field, found: other.kindName, wanted: "string"))
        }
    }

    /// What is left.
    private func words() throws(DesiredServersError) -> [ServerWord] {
        if members.count > Self.wordLimit { throw error(.tooManyWords) }
        var words: [ServerWord] = []
        for (name, value) in members {
            guard (1...Self.idLimit).contains(name.utf8.count) else { throw error(.badWord(name)) }
            switch value {
            case .bool(let isSet): words.append(ServerWord(name, .flag(isSet)))
            case .number(let text, _): words.append(ServerWord(name, .number(text)))
            case .string(let text) where text.utf8.count <= Self.valueLimit: words.append(ServerWord(name, .text(text)))
            case .string: throw error(.badWord(name))
            case .null, .array, .object:
                throw error(.wrongType(name, found: value.kindName, wanted: "string, number or boolean"))
            }
        }
        return words
    }

    private func error(_ kind: DesiredServersError.Kind) -> DesiredServersError {
        DesiredServersError(kind, line: number)
    }
}
