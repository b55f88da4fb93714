import HTTP
import KeyValue

/// A call that failed at one consul server or agent.
struct ConsulFailure: ServerFailure {
    static let program = ServerProgram.consul.name

    enum Call {
        /// A read of these directories.
        case read([[UInt8]])
        /// A wait for changes in one.
        case watch([UInt8])
    }

    enum Cause {
        case transport(HTTPError)
        case refused(ConsulRefusal)
        /// An answer that is not what the documentation says.
        case malformed(String)
        /// The time limit of the whole read has passed.
        case timeIsOver
        /// The token or the password could not be read.
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
    var isRefusal: Bool {
        if case .refused(let refusal) = cause { [401, 403].contains(refusal.status) } else { false }
    }
    var secret: BackendError? { if case .secret(let error) = cause { error } else { nil } }

    var refusedRange: KeyRange? {
        guard case .refused(let refusal) = cause, refusal.isForbidden else { return nil }
        return switch call {
        case .watch(let directory): KeyRange(cleaned: directory)
        case .read(let directories): directories.count == 1 ? KeyRange(cleaned: directories[0]) : nil
        }
    }

    var concernsAllNodes: Bool {
        switch cause {
        case .secret: true
        // A node without a leader, or one with too much to do, is one node.
        case .refused(let refusal): refusal.status < 429
        case .transport(let error): error.concernsAllNodes
        case .malformed, .timeIsOver: false
        }
    }
}

/// An answer of consul that is an error.
struct ConsulRefusal {
    let status: Int
    /// Its own words, printable and not long; empty if there are none.
    let words: String

    /// Consul does not know the token, or there is no such user.
    var isUnknownToken: Bool { status == 401 || status == 403 && words.contains(text: "ACL not found") }
    /// A policy does not allow the call.
    var isForbidden: Bool { status == 403 && !isUnknownToken }
}
