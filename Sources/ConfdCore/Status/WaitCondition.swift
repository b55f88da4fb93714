/// `confd wait`: whether everything of a revision is applied.
struct WaitCondition: Equatable, Sendable {
    /// The revision that the store must have been read at; nil for any.
    let revision: Int64?

    /// How far the keys of a backend have been read.
    struct Progress: Equatable, Sendable {
        /// Its kind and its endpoints.
        let name: String
        /// The revision of its newest keys; nil if they were never read, 0 for a store without revisions.
        let revision: Int64?
        /// Whether its keys may not be read any more, so that there will be no newer ones.
        var isRefused = false
        /// Whether it is the one that `-backend` names.
        let isMain: Bool
    }

    enum Verdict: Equatable, Sendable {
        /// All files and services are in step.
        case applied
        /// These resources failed or are held, each with its reason.
        case failed([String])
        /// It is not decided; this is waited for.
        case pending([String])
        /// No backend has revisions.
        case withoutRevisions
    }

    /// At most so many resources are named; a line says how many more there are.
    private static let namedAtMost = 10

    /// The verdict; `unusable` are resource files that have never been usable.
    func verdict(_ backends: [Progress], _ resources: [ResourceStatus], unusable: [String]) -> Verdict {
        if let verdict = missingRevision(backends) { return verdict }
        let failures =
            resources.filter { $0.isSettled && ($0.state.needsAttention || $0.hasFailedReload) }.map {
                "\($0.name): \($0.problem?.message ?? $0.state.rawValue)"
            } + unusable.map { "\($0) cannot be used" }
        if !failures.isEmpty { return .failed(Self.shortened(failures)) }
        let pending = resources.filter { $0.state != .inSync }.map { resource in
            "\(resource.name) is \(resource.state.rawValue)" + (resource.problem.map { ": \($0.message)" } ?? "")
        }
        return pending.isEmpty ? .applied : .pending(Self.shortened(pending))
    }

    /// The verdict as long as the revision was not read; nil once it was. A revision is one of the main backend, or, where no
    /// resource reads that, of all.
    private func missingRevision(_ backends: [Progress]) -> Verdict? {
        guard let revision else { return nil }
        let main = backends.filter(\.isMain)
        let relevant = main.isEmpty ? backends : main
        // 0 once it was read: the store has no revisions. nil before that: it may have some.
        if relevant.allSatisfy({ $0.revision == 0 }) { return .withoutRevisions }
        let behind = relevant.filter { !$0.isRefused && $0.revision.map { $0 != 0 && $0 < revision } ?? true }
        if behind.isEmpty { return nil }
        return .pending(
            Self.shortened(
                behind.map { backend in
                    backend.revision.map { "\(backend.name) is at revision \($0), not yet \(revision)" }
                        ?? "\(backend.name) was not read yet"
                }))
    }

    private static func shortened(_ lines: [String]) -> [String] {
        guard lines.count > namedAtMost else { return lines }
        return lines.prefix(namedAtMost) + ["and \(lines.count - namedAtMost) more"]
    }
}

extension ResourceStatus {
    /// Whether its file is in place and the service did not take it.
    var hasFailedReload: Bool { state == .reloadOwed && problem != nil }
}

/// A request of `confd wait`. The connection at the control socket owns it: the engine has a weak reference.
final class WaitRequest: Sendable {
    let condition: WaitCondition
    let question: Question<WaitCondition.Verdict>

    init(_ condition: WaitCondition, _ question: Question<WaitCondition.Verdict>) {
        self.condition = condition
        self.question = question
    }
}
