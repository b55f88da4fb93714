import HTTP

/// What a backend asks its servers, and which answers mean that a call has failed.
protocol ServerAPI {
    associatedtype Node: ServerNode
    associatedtype Call: Sendable
    /// What can be wrong with an answer.
    associatedtype Problem: Sendable

    /// The program, before all messages.
    static var program: String { get }
    /// `call` in messages, for example `read "/app"`.
    static func text(of call: Call) -> String
    static func meaning(of problem: Problem, in call: Call, at node: Node) -> FailureMeaning
    /// What happened to a connection.
    static func text(of error: HTTPError) -> String
    /// What to do about a connection that failed, nil if there is nothing to say.
    static func hint(for error: HTTPError, in call: Call, at node: Node) -> String?
}

extension ServerAPI {
    static func text(of error: HTTPError) -> String { error.message }

    static func hint(for error: HTTPError, in call: Call, at node: Node) -> String? {
        error.hint(program, isEncrypted: node.isEncrypted)
    }
}

/// Where a server listens.
protocol ServerNode: Sendable {
    /// In messages and logs, without a password.
    var name: String { get }
    var isEncrypted: Bool { get }
}

/// An answer of an HTTP API that is an error.
struct HTTPRefusal {
    let status: Int
    /// The server's own words, printable and not long; empty if there are none.
    let words: String

    var isForbidden: Bool { status == 403 }
    var text: String { (words.isEmpty ? "refused" : words) + " (HTTP status \(status))" }
}
