import Posix

/// Where a server of HTTP listens: `[http://|https://]HOST[:PORT]`, without a scheme over TLS if that is asked for.
struct HTTPNode: ServerNode, Equatable {
    let address: HostPort
    let isEncrypted: Bool
    /// Without a slash at its end.
    var url: String { (isEncrypted ? "https://" : "http://") + address.text }
    var name: String { url }

    init(_ node: String, of program: ServerProgram, encryptedByDefault: Bool = false) throws(BackendError) {
        let (scheme, text) = node.schemeAndRest.map { ($0.scheme.lowercased(), $0.rest) } ?? ("", node[...])
        var rest = text
        if rest.last == "/" { rest.removeLast() }
        guard !rest.contains("@") else { throw program.error(.credentials) }
        guard ["", "http", "https"].contains(scheme) else { throw program.error(.unknownScheme(scheme)) }
        isEncrypted = scheme == "https" || scheme.isEmpty && encryptedByDefault
        guard let address = program.address(rest, isEncrypted: isEncrypted) else {
            throw program.error(.notANode(node))
        }
        self.address = address
    }
}

/// The limits of one read at a node.
struct HTTPLimits {
    let node: HTTPNode
    let deadline: ContinuousClock.Instant
    let cancellation: Cancellation?

    /// What is left of the time, for a request.
    var timeout: Duration { max(.milliseconds(1), ContinuousClock.now.duration(to: deadline)) }
}
