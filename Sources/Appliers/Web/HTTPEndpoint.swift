import HTTP

/// Where an administration API is, and what is sent with each request to it.
package struct HTTPEndpoint: Equatable, Sendable {
    /// Scheme, host, port and the beginning of the path, without a slash at its end.
    package let base: String
    /// The socket to connect to in place of the host.
    package let unixSocket: String?
    /// Sent with each request. Their values are secrets: no error has them.
    package var headers: [Header] = []
    /// The file of a token that is sent with each request, as `Authorization: Bearer TOKEN`. Read each time: it may change.
    package var tokenFile: String?
    package var tls = TLSOptions()

    package enum Problem: Error, Equatable, Sendable {
        /// Neither `http://`, `https://` nor `unix:/`.
        case scheme
        /// `user:password@`, which would stand in logs.
        case credentials
        /// `?` or `#`, after which no path can be appended.
        case query
        /// A space, a control character or one that is not ASCII.
        case character
        case noHost
        /// No `:` between the socket's path and that of the API, or no path.
        case noSocketPath
    }

    /// `http://HOST:PORT/PATH`, `https://HOST:PORT/PATH` or `unix:/SOCKET:/PATH`, also with `unix://`.
    package init(_ text: String) throws(Problem) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { throw .character }
        if text.contains("?") || text.contains("#") { throw .query }
        if text.hasPrefix("unix:") {
            let rest = text.dropFirst(text.hasPrefix("unix:///") ? 7 : 5)
            guard rest.hasPrefix("/") else { throw .noSocketPath }
            let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            unixSocket = String(parts[0])
            let path = parts.count == 2 ? parts[1] : ""
            guard path.isEmpty || path.hasPrefix("/"), parts[0].count > 1 else { throw .noSocketPath }
            base = "http://localhost" + Self.withoutSlash(path)
            return
        }
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: { text.hasPrefix($0) }) else { throw .scheme }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        if authority.contains("@") { throw .credentials }
        if authority.isEmpty || authority.hasPrefix(":") { throw .noHost }
        unixSocket = nil
        base = Self.withoutSlash(text[...])
    }

    /// As errors call it.
    package var name: String {
        guard let unixSocket else { return base }
        return "unix:\(unixSocket):\(base.dropFirst("http://localhost".count))"
    }

    private static func withoutSlash(_ text: Substring) -> String {
        text.hasSuffix("/") ? String(text.dropLast()) : String(text)
    }
}
