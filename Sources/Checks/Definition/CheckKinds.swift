/// A request over HTTP/1.1, and the answer that is wanted. Redirects are answers like all others.
package struct HTTPCheck: Hashable, Sendable {
    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `GET`, `HEAD`, `OPTIONS` or `POST` (without a body).
    package let method: String
    /// With a query if there is one.
    package let path: String
    /// The header `Host`; without it the target is it.
    package let host: String?
    package let headers: [Header]
    /// Nil without TLS.
    package let tls: TLSSettings?
    package let expectedStatus: StatusRanges
    /// What the first 64 KiB of the body must contain.
    package let expectedBody: [UInt8]?

    /// Throws what cannot be a part of a request.
    package init(
        method: String = "GET", path: String = "/", host: String? = nil, headers: [Header] = [],
        tls: TLSSettings? = nil, expectedStatus: StatusRanges = .standard, expectedBody: [UInt8]? = nil
    ) throws(HealthCheckError) {
        guard ["GET", "HEAD", "OPTIONS", "POST"].contains(method) else { throw .method(method) }
        guard RequestSyntax.isPath(path) else { throw .path(path) }
        if let host, !RequestSyntax.isHostHeader(host) { throw .host(host) }
        guard headers.count <= 64 else { throw .tooManyHeaders(headers.count) }
        for header in headers where !RequestSyntax.isHeader(header.name, header.value) { throw .header(header.name) }
        self.method = method
        self.path = path
        self.host = host
        self.headers = headers
        self.tls = tls
        self.expectedStatus = expectedStatus
        self.expectedBody = expectedBody
    }
}

/// A connection; what is sent on it, and what must come.
package struct TCPCheck: Hashable, Sendable {
    /// Possibly empty.
    package let send: [UInt8]
    /// What the first 64 KiB that come must contain; if it is empty, nothing is waited for.
    package let expect: [UInt8]

    package init(send: [UInt8] = [], expect: [UInt8] = []) {
        self.send = send
        self.expect = expect
    }
}

/// How the target's certificate is verified, and our own. Files are PEM, and are read by the probes.
package struct TLSSettings: Hashable, Sendable {
    /// The authorities to trust instead of the system's.
    package let authorityFile: String?
    /// The name that the certificate must be for; without it, that of the request or the target's.
    package let serverName: String?
    /// Takes any certificate.
    package let isInsecure: Bool
    package let certificateFile: String?
    package let keyFile: String?

    /// Throws if the server name cannot be one, or if there is only one of certificate and key.
    package init(
        authorityFile: String? = nil, serverName: String? = nil, isInsecure: Bool = false,
        certificateFile: String? = nil, keyFile: String? = nil
    ) throws(HealthCheckError) {
        if let serverName, !CheckTarget.isHost(serverName) { throw .serverName(serverName) }
        guard (certificateFile == nil) == (keyFile == nil) else { throw .certificateWithoutKey }
        self.authorityFile = authorityFile
        self.serverName = serverName
        self.isInsecure = isInsecure
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// `grpc.health.v1.Health/Check` of the server as a whole.
package struct GRPCCheck: Hashable, Sendable {
    /// The authority of the request; without it the target is it.
    package let host: String?
    /// Nil without TLS: HTTP/2 by prior knowledge.
    package let tls: TLSSettings?

    /// Throws if the host cannot be one.
    package init(host: String? = nil, tls: TLSSettings? = nil) throws(HealthCheckError) {
        if let host, !RequestSyntax.isHostHeader(host) { throw .host(host) }
        self.host = host
        self.tls = tls
    }
}

/// The greeting of a MySQL server, and with a user the login of an account without a password.
package struct MySQLCheck: Hashable, Sendable {
    /// Without it the server counts an aborted connection for each probe, and may refuse this machine in the end.
    package let user: String?

    /// Throws if the user is empty, too long (80 bytes) or has a byte 0.
    package init(user: String? = nil) throws(HealthCheckError) {
        if let user, !(1...80).contains(user.utf8.count) || user.utf8.contains(0) { throw .user(user) }
        self.user = user
    }
}

/// A request to a FastCGI responder, such as php-fpm.
package struct FastCGICheck: Hashable, Sendable {
    /// The script's name and file, with a query if there is one.
    package let path: String
    package let expectedStatus: StatusRanges
    /// What the first 64 KiB of the answer must contain.
    package let expectedBody: [UInt8]?

    /// Throws if the path cannot be one.
    package init(
        path: String = "/", expectedStatus: StatusRanges = .standard, expectedBody: [UInt8]? = nil
    ) throws(HealthCheckError) {
        guard RequestSyntax.isPath(path) else { throw .path(path) }
        self.path = path
        self.expectedStatus = expectedStatus
        self.expectedBody = expectedBody
    }
}

/// A command whose exit status 0 is healthy.
package struct ExecCheck: Hashable, Sendable {
    /// The program and its arguments; no shell is between.
    private let command: [String]

    /// Throws if there is no program or a word has a byte 0.
    package init(command: [String]) throws(HealthCheckError) {
        guard let program = command.first, !program.isEmpty, !command.contains(where: { $0.utf8.contains(0) }) else {
            throw .command
        }
        self.command = command
    }

    /// The words for one target: `{{.Host}}` and `{{.Port}}` stand for its parts, and for the path and nothing of a socket
    /// at a path.
    package func words(for target: CheckTarget) -> [String] {
        let (host, port) =
            switch target {
            case .host(let host, let port): (host, String(port))
            case .path(let path): (path, "")
            }
        return command.map { Self.fill($0, host: host, port: port) }
    }

    /// One pass from left to right, so that what is filled in is never read again.
    private static func fill(_ word: String, host: String, port: String) -> String {
        let fields = [("{{.Host}}", host), ("{{ .Host }}", host), ("{{.Port}}", port), ("{{ .Port }}", port)]
        var result = ""
        var rest = word[...]
        while let start = rest.firstIndex(of: "{") {
            result += rest[..<start]
            rest = rest[start...]
            if let (field, value) = fields.first(where: { rest.hasPrefix($0.0) }) {
                result += value
                rest = rest.dropFirst(field.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
