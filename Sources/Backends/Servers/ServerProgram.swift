import Posix

/// A server program that keys are read from, and how the addresses of its nodes are written.
struct ServerProgram: Sendable {
    /// In messages.
    let name: String
    /// Where it listens if a node names no port.
    let port: UInt16
    /// The same with TLS.
    let encryptedPort: UInt16
    /// What to do instead of writing a password into an address.
    let loginHint: String
    /// How an address is written.
    let addressHint: String
    /// Which schemes there are.
    let schemeHint: String

    /// The address in `text`, which is `HOST[:PORT]`; nil if it is none.
    func address(_ text: Substring, isEncrypted: Bool) -> HostPort? {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: ".-_:[]%".utf8.contains(byte)
            }
        }
        let hasPort = text.split(separator: "]", omittingEmptySubsequences: false).last?.contains(":") == true
        guard isAllowed,
            let address = HostPort(hasPort ? String(text) : "\(text):\(isEncrypted ? encryptedPort : port)"),
            !address.host.isEmpty, !address.host.contains(where: { "[]".contains($0) }), address.port > 0,
            // The zone of an address of IPv6.
            !address.host.contains("%") || address.host.contains(":")
        else { return nil }
        return address
    }

    private var listHint: String {
        "write it without quotes and spaces, several with commas between them: HOST:\(port),HOST2:\(port)"
    }

    /// `problem` as the program shows it.
    func error(_ problem: NodeProblem) -> BackendError {
        switch problem {
        case .credentials:
            BackendError(
                .configuration, "\(name): a node address must not hold a user name or password", hint: loginHint)
        case .notANode(let node):
            BackendError(
                .configuration, "\(name): not a node address: \"\(node)\"",
                hint: node.utf8.contains { "\"' \t".utf8.contains($0) } ? listHint : addressHint)
        case .unknownScheme(let scheme):
            BackendError(
                .configuration, "\(name): unknown scheme in a node address: \"\(scheme)\"", hint: schemeHint)
        }
    }
}

/// What is wrong with the address of a node.
enum NodeProblem {
    /// It holds a user name or a password, so it is not repeated.
    case credentials
    case notANode(String)
    /// The scheme before `://`.
    case unknownScheme(String)
}
