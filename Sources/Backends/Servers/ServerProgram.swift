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

    /// `text`, which is `HOST[:PORT]`, as `HOST:PORT`; nil if it is no address.
    func address(_ text: Substring, isEncrypted: Bool) -> String? {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: ".-_:[]".utf8.contains(byte)
            }
        }
        let hasPort = text.split(separator: "]", omittingEmptySubsequences: false).last?.contains(":") == true
        guard isAllowed,
            let address = HostPort(hasPort ? String(text) : "\(text):\(isEncrypted ? encryptedPort : port)"),
            !address.host.isEmpty, address.port > 0
        else { return nil }
        return address.host.contains(":") ? "[\(address.host)]:\(address.port)" : "\(address.host):\(address.port)"
    }

    /// `problem` as the program shows it.
    func error(_ problem: NodeProblem) -> BackendError {
        switch problem {
        case .credentials:
            BackendError(
                .configuration, "\(name): a node address must not hold a user name or password", hint: loginHint)
        case .notANode(let node):
            BackendError(.configuration, "\(name): not a node address: \"\(node)\"", hint: addressHint)
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
