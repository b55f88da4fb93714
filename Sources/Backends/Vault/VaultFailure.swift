import HTTP
import KeyValue

/// A call that failed at one vault server.
struct VaultFailure: ServerFailure {
    static let program = ServerProgram.vault.name

    enum Call: Equatable, Sendable {
        case logIn, renew, look
        /// A read or a listing for this path.
        case read([UInt8])
    }

    enum Cause {
        case transport(HTTPError)
        case refused(VaultRefusal)
        case malformed
        /// More than the memory for one read.
        case tooMuch(limit: Int)
        /// More folders in each other than `VaultReader.deepest`.
        case tooDeep
        /// The time limit of the whole read has passed.
        case timeIsOver
        /// The secret to log in with could not be read.
        case secret(BackendError)
    }

    let node: HTTPNode
    let call: Call
    let cause: Cause

    init(_ node: HTTPNode, _ call: Call, _ cause: Cause) {
        self.node = node
        self.call = call
        self.cause = cause
    }

    var transport: HTTPError? { if case .transport(let error) = cause { error } else { nil } }
    var isRefusal: Bool { refusal.map { [400, 401, 403].contains($0.status) } ?? false }
    var secret: BackendError? { if case .secret(let error) = cause { error } else { nil } }
    var refusal: VaultRefusal? { if case .refused(let refusal) = cause { refusal } else { nil } }

    /// Whether every node would answer the same.
    var concernsAllNodes: Bool {
        switch cause {
        case .secret, .tooMuch, .tooDeep: true
        // Sealed, in standby or broken is one node.
        case .refused(let refusal): refusal.status < 429
        case .transport(let error): error.concernsAllNodes
        case .malformed, .timeIsOver: false
        }
    }
}

/// An answer of vault that is an error.
struct VaultRefusal {
    let status: Int
    /// Its own words, printable and not long; empty if there are none.
    let words: String

    var isForbidden: Bool { status == 403 }
    var isAbsence: Bool { status == 404 }
}
