/// `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in strings of resource files; `$${` is a literal `${`.
package enum VariableExpansion {
    /// Why a text could not be expanded.
    package enum Failure: Error, Equatable, Sendable {
        /// `${` without `}`.
        case notClosed
        case badName(String)
        case notSet(String)
        /// The message of `${VAR:?message}`.
        case refused(String, String)
        /// The text between the braces.
        case unknownForm(String)
    }

    /// `text` with its variables replaced. An unset variable without a default is an error; a set but empty
    /// one counts as unset where a default or message is given, as in a shell.
    package static func expand(_ text: String, _ environment: [String: String]) throws(Failure) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: "$${".utf8) {
                result += "${".utf8
                index += 3
            } else if bytes[index...].starts(with: "${".utf8) {
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else { throw .notClosed }
                let body = String(decoding: bytes[index + 2..<end], as: UTF8.self)
                result += try value(body, environment).utf8
                index = end + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func value(_ body: String, _ environment: [String: String]) throws(Failure) -> String {
        let name = String(body.prefix { $0 != ":" })
        guard isName(name[...]) else { throw .badName(name) }
        let rest = body.dropFirst(name.count)
        let found = environment[name]
        if rest.isEmpty {
            guard let found else { throw .notSet(name) }
            return found
        }
        if let found, !found.isEmpty { return found }
        if rest.hasPrefix(":-") { return String(rest.dropFirst(2)) }
        if rest.hasPrefix(":?") { throw .refused(name, String(rest.dropFirst(2))) }
        throw .unknownForm(body)
    }

    private static func isName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
    }
}
