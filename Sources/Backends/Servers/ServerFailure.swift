import HTTP
import KeyValue

/// What failed at one of the servers of a backend.
protocol ServerFailure: Error {
    /// The program, before all messages.
    static var program: String { get }
    /// `NODE: CALL: what went wrong`.
    var message: String { get }
    /// How to fix it, nil if there is nothing to say.
    var hint: String? { get }
    /// The failed connection, if that is the cause.
    var transport: HTTPError? { get }
    /// Why a local secret could not be read, if that is the cause; then no server was contacted.
    var secret: BackendError? { get }
    /// The range without permission, if that is the cause.
    var refusedRange: KeyRange? { get }
    /// Whether the server has refused the user, or the call to this user.
    var isRefusal: Bool { get }
    /// Whether every node would answer the same.
    var concernsAllNodes: Bool { get }
}

extension ServerFailure {
    var refusedRange: KeyRange? { nil }

    /// One error for the failures at all nodes, in the order in which they were tried.
    static func error(_ failures: [Self]) -> BackendError {
        guard let last = failures.last else { preconditionFailure("no failure to report") }
        if let error = last.secret { return error }
        let texts = failures.map(\.message).joined(separator: "; ")
        let hint = failures.reversed().lazy.compactMap(\.hint).first
        let isConfiguration = if case .file? = last.transport?.kind { true } else { false }
        return BackendError(
            isConfiguration ? .configuration : .unreachable, "\(program): \(texts)", hint: hint,
            refused: last.refusedRange, isRefusal: last.isRefusal)
    }

    /// The result of `body` for the first of `nodes` where it does not throw.
    static func first<Node, Result>(
        of nodes: [Node], until deadline: ContinuousClock.Instant, _ body: (Node) throws(Self) -> Result
    ) throws(BackendError) -> Result {
        var failures: [Self] = []
        for node in nodes {
            do throws(Self) { return try body(node) } catch {
                failures.append(error)
                if error.concernsAllNodes || ContinuousClock.now >= deadline { break }
            }
        }
        throw error(failures)
    }
}

extension HTTPError {
    /// Whether it would be the same at every node.
    var concernsAllNodes: Bool {
        switch kind {
        case .file, .invalidRequest, .cancelled: true
        default: false
        }
    }

    /// Whether the time of a request that had until `deadline` is over. libcurl measures in milliseconds, and may give up just
    /// before.
    func isEnd(of deadline: ContinuousClock.Instant) -> Bool {
        kind == .answerTimeout && ContinuousClock.now.advanced(by: .milliseconds(50)) >= deadline
    }
}
