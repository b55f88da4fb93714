import Glibc
import Posix
import TestSupport

/// Certificates of one authority, made once with openssl: for a server (127.0.0.1, localhost), for another name, an expired
/// one, and one for a client.
final class TestCertificates: Sendable {
    static let shared = Result { try TestCertificates() }

    private let directory: TemporaryDirectory

    private init() throws {
        directory = try TemporaryDirectory()
        try Shell.run(
            """
            cd \(directory.path)
            set -e
            key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
            openssl req -x509 $key -days 3650 -subj /CN=ca -keyout ca.key -out ca.pem
            # name, subjectAltName, days
            certificate() {
                openssl req $key -subj "/CN=$1" -keyout $1.key -out $1.csr
                printf "subjectAltName=$2" > $1.ext
                openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $1.ext -days $3 -out $1.pem
            }
            certificate server IP:127.0.0.1,DNS:localhost 365
            certificate named DNS:shop.example 365
            certificate expired IP:127.0.0.1 -1
            certificate client DNS:client 365
            """)
    }

    func path(_ name: String) -> String { directory(name) }
}

/// `openssl s_server` on a port of its own, which answers HTTP requests with a page.
final class SecureServer: Sendable {
    let port: UInt16
    private let process: BackgroundProcess

    /// `certificate` is one of the test's; `arguments` are further ones of s_server.
    init(_ certificate: String, _ arguments: String = "") throws {
        port = try Ports.free()
        let certificates = try TestCertificates.shared.get()
        process = try BackgroundProcess(
            "openssl s_server -accept 127.0.0.1:\(port) -quiet -www -cert \(certificates.path(certificate)).pem "
                + "-key \(certificates.path(certificate)).key \(arguments)")
        try TCPServer.Connection.waitForServer(port)
    }
}

extension TCPServer.Connection {
    /// Waits until somebody listens on `port`, for at most a minute.
    static func waitForServer(_ port: UInt16) throws {
        let end = ContinuousClock.now.advanced(by: .seconds(60))
        while ContinuousClock.now < end {
            if let connection = TCPServer.Connection(to: port) { return connection.close() }
            Clock.sleep(.milliseconds(5))
        }
        throw SupportError("no server on port \(port)")
    }

    private func close() { Glibc.close(descriptor) }
}
