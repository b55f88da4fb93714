import Configuration

/// Why a health check does not probe a server, or does not hide one that is down.
struct CheckProblem: Equatable, Sendable {
    enum Subject: Hashable, Sendable {
        /// A pattern that no key matches.
        case pattern(String)
        /// A key of which no target can be made.
        case key([UInt8])
        /// A group that is shown as a whole, because fewer of its servers are up than `min_healthy`.
        case group([UInt8])
    }

    let subject: Subject
    let message: String

    /// For a table of servers.
    var word: String {
        switch subject {
        case .pattern: "no server"
        case .key: "not checked"
        case .group: "all shown"
        }
    }

    static func noKey(_ pattern: String, _ resource: Resource) -> CheckProblem {
        let prefix = String(decoding: resource.prefix, as: UTF8.self)
        let reason = pattern.hasPrefix(prefix + "/") ? " (the prefix \(prefix) is left out there)" : ""
        return CheckProblem(
            subject: .pattern(pattern), message: "no key matches \(pattern)\(reason), so its health check has no server"
        )
    }

    static func noTarget(_ key: [UInt8], _ reason: String) -> CheckProblem {
        CheckProblem(subject: .key(key), message: "\(String(decoding: key, as: UTF8.self)) is not checked: \(reason)")
    }

    static func shownAsWhole(_ group: [UInt8]) -> CheckProblem {
        let name = String(decoding: group, as: UTF8.self)
        return CheckProblem(
            subject: .group(group),
            message: "too few servers of \(name) are up, so all of them are shown (min_healthy)")
    }
}
