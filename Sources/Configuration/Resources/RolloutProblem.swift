/// What is wrong with `[rollout]` or `[template.rollout]`.
package enum RolloutProblem: Equatable, Sendable {
    case noGroup
    case notGroup(String)
    case notAmount(String)
    case notCanary(String)
    case notOnFailure(String)
    /// The backend has no revisions, leases and transactions.
    case backend(String)
    case onetime
    case noKeys

    var message: String {
        switch self {
        case .noGroup: "names no group"
        case .notGroup(let text): "\"\(text)\" is not a name for a group"
        case .notAmount(let text): "\"\(text)\" is neither a number of hosts nor a percentage"
        case .notCanary(let text): "\"\(text)\" is neither a number of hosts, a percentage nor names of hosts"
        case .notOnFailure(let text): "\"\(text)\" is not \"halt\""
        case .backend(let name): "hosts cannot tell each other whose turn it is through the \(name) backend"
        case .onetime: "-onetime does not wait for other hosts"
        case .noKeys: "a resource without keys has no changes to roll out"
        }
    }

    var hint: String? {
        switch self {
        case .noGroup: "write group = \"web-proxies\", the same on all hosts"
        case .notGroup: "letters, digits, \".\", \"_\" and \"-\""
        case .notAmount: "write \"3\" or \"10%\""
        case .notCanary: "write \"1\", \"5%\", \"proxy-01*\", or \"0\" for none"
        case .notOnFailure: "nothing else is known: the others keep the old file, and it comes back here"
        case .backend: "it needs etcd, by its v3 API"
        case .onetime: "leave the table out, or run confd without -onetime"
        case .noKeys: nil
        }
    }
}
