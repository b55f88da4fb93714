import HTTP
import KeyValue

/// A call that failed at one of the servers of a backend.
struct ServerFailure<API: ServerAPI>: Error {
    typealias Call = API.Call

    enum Cause {
        case transport(HTTPError)
        /// The time limit of the whole read has passed.
        case timeIsOver
        /// A secret to log in with could not be read; no server was contacted.
        case secret(BackendError)
        /// What came is no answer to use.
        case answer(API.Problem)
    }

    let node: API.Node
    let call: Call
    let cause: Cause

    init(_ node: API.Node, _ call: Call, _ cause: Cause) {
        self.node = node
        self.call = call
        self.cause = cause
    }

    var isTimeOver: Bool { if case .timeIsOver = cause { true } else { false } }

    /// `NODE: CALL: what went wrong`.
    private var message: String { "\(node.name): \(API.text(of: call)): \(meaning.text)" }

    private var meaning: FailureMeaning {
        switch cause {
        case .transport(let error):
            FailureMeaning(
                text: API.text(of: error), hint: API.hint(for: error, in: call, at: node),
                concernsAllNodes: error.concernsAllNodes)
        case .timeIsOver:
            FailureMeaning(
                text: "no complete answer within the time limit", hint: "give it more time with -backend-timeout")
        case .secret(let error): FailureMeaning(text: error.message, hint: error.hint, concernsAllNodes: true)
        case .answer(let problem): API.meaning(of: problem, in: call, at: node)
        }
    }

    private var kind: BackendError.Kind {
        if case .transport(let error) = cause, case .file = error.kind { .configuration } else { .unreachable }
    }

    /// One error for the failures at all nodes, in the order in which they were tried.
    static func error(_ failures: [Self]) -> BackendError {
        guard let last = failures.last else { preconditionFailure("no failure to report") }
        if case .secret(let error) = last.cause { return error }
        let texts = failures.map(\.message).joined(separator: "; ")
        let hint = failures.reversed().lazy.compactMap(\.meaning.hint).first
        return BackendError(
            last.kind, "\(API.program): \(texts)", hint: hint, refused: last.meaning.refusedRange,
            isRefusal: last.meaning.isRefusal)
    }

    /// The result of `body` for the first of `nodes` where it does not throw.
    static func first<Node, Result>(
        of nodes: [Node], until deadline: ContinuousClock.Instant, _ body: (Node) throws(Self) -> Result
    ) throws(BackendError) -> Result {
        var failures: [Self] = []
        for node in nodes {
            do throws(Self) { return try body(node) } catch {
                failures.append(error)
                if error.meaning.concernsAllNodes || ContinuousClock.now >= deadline { break }
            }
        }
        throw error(failures)
    }
}

/// What a failure means for the reader of the log, and for what is done next.
struct FailureMeaning {
    /// What went wrong.
    let text: String
    /// How to fix it, nil if there is nothing to say.
    var hint: String?
    /// Whether every node would answer the same.
    var concernsAllNodes = false
    /// Whether the server has refused the user, or the call to this user.
    var isRefusal = false
    /// The range without permission, if that is the cause.
    var refusedRange: KeyRange?
}

extension HTTPError {
    /// Whether it would be the same at every node.
    fileprivate var concernsAllNodes: Bool {
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
