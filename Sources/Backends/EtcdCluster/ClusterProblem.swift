import Posix

/// Why an etcd cluster cannot be asked at all: its addresses, its service records or its secrets.
enum ClusterProblem: Error, Equatable {
    case noNode
    /// A client certificate without its key, or a key without its certificate.
    case incompleteCertificate
    case lookUp(record: String, LookupError)
    /// There are no service records of this name, or none of a service that is available.
    case noRecord(String)
    /// The token file at this path holds something that cannot be a token.
    case notAToken(path: String)
    case noToken
}
