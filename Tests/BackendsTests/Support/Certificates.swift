import TestSupport

@testable import Backends

/// Certificates made with openssl, once: an authority with server and client certificates, an expired one, and another
/// authority.
final class Certificates: Sendable {
    static let shared = Result { try Certificates() }

    private let folder: MemoryDirectory

    init() throws {
        folder = try MemoryDirectory()
        try Shell.run(
            """
            cd \(folder.path)
            authority() {
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$1" \
                    -keyout $1.key -out $1.pem
            }
            # name, authority, subjectAltName, further arguments
            certificate() {
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout $1.key -out $1.csr
                printf "subjectAltName=$3" > $1.ext
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -extfile $1.ext $4 -out $1.pem
            }
            set -e
            authority ca
            authority otherca
            certificate server ca IP:127.0.0.1,DNS:localhost "-days 365"
            certificate named ca DNS:etcd.internal "-days 365"
            certificate expired ca IP:127.0.0.1 "-days -1"
            certificate unnamed ca email:etcd@example.com "-days 365"
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=localhost" -keyout common.key \
                -out common.csr
            openssl x509 -req -in common.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out common.pem
            certificate root ca DNS:client "-days 365"
            certificate otherserver otherca IP:127.0.0.1 "-days 365"
            certificate stranger otherca DNS:client "-days 365"
            """)
    }

    /// Puts `ca.pem`, `client.pem` and `client.key` into `folder`, in place of those that are there.
    func install(authority: String, client: String, into folder: MemoryDirectory) throws {
        for (from, to) in [
            ("\(authority).pem", "ca.pem"), ("\(client).pem", "client.pem"), ("\(client).key", "client.key"),
        ] {
            try Shell.run("cp \(path(from)) \(folder.path)/new && mv \(folder.path)/new \(folder.path)/\(to)")
        }
    }

    func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// etcd's flags for the server certificate `name`.
    func flags(_ name: String, clientAuthority: String? = nil) -> String {
        let client = clientAuthority.map { " --client-cert-auth --trusted-ca-file \(path($0)).pem" } ?? ""
        return "--cert-file \(path(name)).pem --key-file \(path(name)).key" + client
    }
}
