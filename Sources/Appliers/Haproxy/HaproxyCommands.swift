/// The commands of the runtime API for one backend.
struct HaproxyCommands {
    let backend: String

    /// haproxy's own limit.
    static let weights = 0...256

    func state() -> String { "show servers state \(backend)" }

    /// The server starts in maintenance.
    func add(_ server: DesiredServer, _ fingerprint: WordsFingerprint) -> String {
        var words = ["add server \(name(server.id)) \(address(server.address))"]
        words.append("weight \(server.weight) id \(fingerprint.number)")
        if server.isBackup { words.append("backup") }
        for word in server.words {
            switch word.value {
            case .flag(let isSet): if isSet { words.append(word.name) }
            case .number(let text), .text(let text): words.append("\(word.name) \(text)")
            }
        }
        return words.joined(separator: " ")
    }

    /// Switches on the checks that the server's words ask for.
    func checks(_ server: DesiredServer) -> [String] {
        var commands: [String] = []
        if server.word("check") == .flag(true) { commands.append("enable health \(name(server.id))") }
        if server.word("agent-check") == .flag(true) { commands.append("enable agent \(name(server.id))") }
        return commands
    }

    /// Puts the server into service, or lets it take no new requests.
    func state(_ server: DesiredServer) -> String {
        "set server \(name(server.id)) state \(server.isDrained ? "drain" : "ready")"
    }

    /// The commands that make `fields` of a running server what they are to be.
    func change(to server: DesiredServer, _ fields: [ServerField]) -> [String] {
        fields.flatMap { field -> [String] in
            switch field {
            case .address: setAddress(server)
            case .weight: ["set server \(name(server.id)) weight \(server.weight)"]
            case .checks: checks(server)
            case .state: [state(server)]
            // The driver's traits say that they are not changed in place.
            case .backup, .words: []
            }
        }
    }

    func drain(_ server: RunningServer) -> [String] { ["set server \(name(server.handle)) state drain"] }

    /// In percent the weight 0 is one that static algorithms take too.
    func park(_ server: RunningServer) -> [String] {
        ["set server \(name(server.handle)) state maint", "set server \(name(server.handle)) weight 0%"]
    }

    func remove(_ server: RunningServer) -> [String] { ["del server \(name(server.handle))"] }

    func disconnect(_ server: RunningServer) -> [String] {
        ["shutdown sessions server \(name(server.handle))"] + remove(server)
    }

    private func name(_ server: String) -> String { "\(backend)/\(server)" }

    private func address(_ address: ServerAddress) -> String {
        switch address {
        case .internet: address.text
        case .unix(let path): "unix@\(path)"
        }
    }

    private func setAddress(_ server: DesiredServer) -> [String] {
        guard case .internet(let host, let port) = server.address else { return [] }
        return ["set server \(name(server.id)) addr \(host) port \(port)"]
    }
}

// MARK: - What can be said

extension HaproxyCommands {
    /// Why haproxy cannot have `server`, nil if it can. Nothing that passes can begin another command.
    static func problem(_ server: DesiredServer) -> String? {
        guard server.id.utf8.allSatisfy(isNameByte) else { return "haproxy's names have letters, digits and -_.: only" }
        guard weights.contains(server.weight) else { return "haproxy's weights are from 0 to 256" }
        if server.address.isName { return "haproxy adds servers by address, not by name: \(server.address.text)" }
        for word in server.words {
            guard !word.name.isEmpty, word.name.utf8.allSatisfy({ isNameByte($0) && $0 != UInt8(ascii: ":") }) else {
                return "not a word of haproxy's: \"\(word.name)\""
            }
            let value = word.value.text
            guard !value.isEmpty, value.utf8.allSatisfy(isValueByte) else {
                return "a value that haproxy's runtime API cannot take: \"\(word.name)\""
            }
        }
        return nil
    }

    /// Whether `name` can be that of a backend.
    static func isName(_ name: String) -> Bool { !name.isEmpty && name.utf8.allSatisfy(isNameByte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_.:".utf8.contains(byte)
        }
    }

    /// No space, quote or backslash; nothing that ends a command or begins its payload.
    private static func isValueByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !";\\\"'<#".utf8.contains(byte)
    }
}
