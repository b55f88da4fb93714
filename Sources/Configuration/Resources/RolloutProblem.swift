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
    /// Revisions of different stores do not compare.
    case severalBackends
    /// A field of the resource with which it does not work; whether the rollout is that of confd.toml.
    case notWith(String, isOfSettings: Bool)

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
        case .severalBackends: "the keys of a resource with a rollout come from one backend"
        case .notWith(let field, _): "cannot be used with \(field)"
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
        case .severalBackends: "add a [backend] table to the resource, or leave its rollout out"
        case .notWith(_, isOfSettings: true):
            "a [rollout] of confd.toml is of all resources: move it into those that it can be used with"
        case .notWith("for_each", _): "a turn that fails puts one file back, and these are many"
        case .notWith: "a turn that fails puts a file back and reloads, and a running balancer is changed without"
        }
    }
}
