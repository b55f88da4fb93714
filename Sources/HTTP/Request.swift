/// An HTTP request, complete: nothing is taken from the environment (no proxy variables, no `.netrc`).
package struct Request: Sendable {
    /// The version of HTTP; there is no fallback to the other.
    package enum Version: Sendable {
        case http1
        /// With `http://` by prior knowledge, with `https://` by ALPN.
        case http2
    }

    package var url: String
    /// `HOST:PORT` to connect to instead of the URL's; headers and certificate are still for the URL's host.
    package var connectTo: String?
    /// The path of a Unix socket to connect to instead; headers and certificate are still for the URL's host.
    package var unixSocket: String?
    package var method: Method
    package var version: Version
    package var headers: [Header]
    package var body: [UInt8]
    package var tls: TLSOptions
    /// From the start to the last byte of the answer; `nil` is without limit. Streams ignore it.
    package var timeout: Duration?
    package var connectTimeout: Duration
    /// From the start, connecting included, to the first byte of the answer; `nil` is without limit. Streams ignore it.
    package var firstByteTimeout: Duration?
    /// Whether a request that fails on a kept connection is sent again on a new one, where another server may listen by then.
    package var repeatsOnNewConnection = true
    /// An answer with a larger body fails with `tooLarge`. Streams ignore it.
    package var bodyLimit: Int
    /// The size of the whole body by its first bytes (at least one), if the format has it: memory is allocated once, and a body
    /// that is too large is refused at once. Called on the client's thread.
    package var announcedSize: (@Sendable (UnsafeRawBufferPointer) -> Int?)?
    /// Whether a longer body is cut at `bodyLimit` instead of failing with `tooLarge`.
    package var stopsAtBodyLimit = false
    /// Whether the connection may serve other requests, before and after; without it each request makes and closes its own.
    package var sharesConnection = true
    /// Whether nothing is sent: the answer, without status, is that a connection was made, with `https://` TLS included.
    package var isHandshakeOnly = false

    package enum Method: Equatable, Sendable {
        /// Without a body.
        case get, head
        case post, put, patch, delete
        /// Without a body.
        case other(String)
    }

    package init(url: String, method: Method, version: Version) {
        self.url = url
        self.connectTo = nil
        self.unixSocket = nil
        self.method = method
        self.version = version
        self.headers = []
        self.body = []
        self.tls = TLSOptions()
        self.timeout = nil
        self.connectTimeout = .seconds(5)
        self.firstByteTimeout = nil
        self.bodyLimit = 64 << 20
        self.announcedSize = nil
    }
}

/// One header or trailer; the name is in lower case in answers.
package struct Header: Equatable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// How the server is verified, and our own certificate. Files are PEM, and are read for every new connection.
package struct TLSOptions: Equatable, Sendable {
    /// The authorities to trust instead of the system's.
    package var authorityFile: String?
    package var certificateFile: String?
    package var keyFile: String?
    /// False accepts any certificate.
    package var verifies = true
    /// Whether CA certificates are cached for one minute: parsing the system's takes longer than the rest of a request.
    package var cachesAuthorities = false

    package init() {}
}

/// Status and headers of an answer.
package struct ResponseHead: Equatable, Sendable {
    package let status: Int
    package let headers: [Header]
}

/// A complete answer.
package struct Response: Sendable {
    package let head: ResponseHead
    package let trailers: [Header]
    /// The body in one piece.
    package let body: [UInt8]
    /// Whether a connection was made for it.
    package let isFirstOfConnection: Bool
}

extension [Header] {
    /// The value of the first header named `name` (lower case).
    package func first(named name: String) -> String? { first { $0.name == name }?.value }
}
