import HTTP
import Posix

/// Why a balancer could not be read or changed. What it said is part of it, up to 4 KiB; what we sent with it is not.
package struct ApplierError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// No connection to the socket, or the connection broke.
        case system(SystemError)
        /// Another user than the owner of a directory on the way decides where the socket's path leads.
        case untrustedPath(String, owner: UInt32)
        case notASocket
        case http(HTTPError)
        /// The file of the token cannot be read.
        case unreadableToken(SystemError)
        /// What the file at this path holds can be no token: printable ASCII without spaces.
        case notAToken(String)
        /// Nothing, or not all, came in time: of this request.
        case timeout(String)
        /// The connection was closed in the middle of this request.
        case ended(String)
        case cancelled
        /// An answer of more bytes than this.
        case tooLarge(limit: Int)
        /// An answer that cannot be understood: to this request, and why.
        case malformed(String, String)
        case oldVersion(String)
        /// The socket's level, in place of `admin`.
        case level(String)
        case unknownBackend(suggestion: String?)
        /// The request, and what was said.
        case refused(String, said: String)
        case permissionDenied(String, said: String)
        /// A running balancer keeps this from its start.
        case fixedAtStart(String, said: String)
        /// The request, the status in place of those expected, and what was said.
        case status(String, Int, said: String)
        /// A server that this balancer cannot have, and why.
        case unsupported(server: String, String)
        /// All was said to be done, and the servers are as before.
        case unchanged
    }

    package let kind: Kind
    /// The balancer and the backend, for example `haproxy /run/haproxy/admin.sock web`.
    package let subject: String

    package init(_ kind: Kind, _ subject: String) {
        self.kind = kind
        self.subject = subject
    }

    /// Whether nothing but a reload with other configuration can help.
    package var wantsReload: Bool {
        switch kind {
        case .fixedAtStart, .unsupported, .oldVersion, .unknownBackend: true
        case .system, .untrustedPath, .notASocket, .http, .unreadableToken, .notAToken, .timeout, .ended, .cancelled,
            .tooLarge, .malformed, .level,
            .refused, .permissionDenied, .status, .unchanged:
            false
        }
    }
}
