/// Where a request goes: `http://HOST[:PORT]/PATH`, `https://…`, or `unix:///SOCKET:/PATH` for a server at a socket.
package struct RequestURL: Hashable, Sendable {
    package enum Problem: Error, Equatable, Sendable {
        /// Neither `http://`, `https://` nor `unix:/`.
        case scheme
        /// `user:password@`, which would stand in the resource file and in logs.
        case credentials
        case fragment
        /// A space, a control character, a backslash or what is not ASCII.
        case character
        case noHost
        /// No `:/` between the path of the socket and that of the request.
        case noRequestPath
    }

    /// For the client; with `localhost` as the host where there is a socket.
    package let text: String
    /// The path of the socket to connect to in place of the host.
    package let unixSocket: String?
    /// As messages call it: without the query, which may hold a secret.
    package let name: String
    /// Whether it is `https`.
    package var isSecure: Bool { text.hasPrefix("https:") }

    package init(_ text: String) throws(Problem) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { throw .character }
        if text.utf8.contains(UInt8(ascii: "#")) { throw .fragment }
        name = String(text.prefix { $0 != "?" })
        if text.hasPrefix("unix:") {
            let rest = text.dropFirst(text.hasPrefix("unix:///") ? 7 : 5)
            let socket = rest.prefix { $0 != ":" }
            let path = rest.dropFirst(socket.count + 1)
            guard socket.hasPrefix("/"), socket.count > 1, path.hasPrefix("/") else { throw .noRequestPath }
            unixSocket = String(socket)
            self.text = "http://localhost\(path)"
            return
        }
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else { throw .scheme }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        if authority.contains("@") { throw .credentials }
        if authority.isEmpty || authority.hasPrefix(":") { throw .noHost }
        unixSocket = nil
        self.text = text
    }
}
