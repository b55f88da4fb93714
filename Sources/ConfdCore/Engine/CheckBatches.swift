import Configuration

/// Which files are put in place together for a check of what is in place: those of resources with the same command that
/// are rendered at the same time. Events in, batches out.
///
/// A batch waits until nothing with its command is being rendered any more, and for the end of the batch before it: two at
/// once would judge each other's files. No reload begins while a batch is checked, for it would load files that nobody has
/// accepted, and no batch begins during a reload. Where both are due, they take turns.
struct CheckBatches {
    private enum Stage {
        case rendering, waiting, checking
    }

    private struct Member {
        let command: CommandInvocation
        var stage = Stage.rendering
    }

    private var members: [ResourceID: Member] = [:]
    /// A batch has just ended: what it accepted is reloaded before the next one.
    private var isReloadsTurn = false

    /// The rendering of a resource with this check begins.
    mutating func began(_ id: ResourceID, command: CommandInvocation) { members[id] = Member(command: command) }

    /// It is rendered, differs from its file, and waits for its check.
    mutating func waits(_ id: ResourceID) { members[id]?.stage = .waiting }

    /// What was begun has ended, with or without a check.
    mutating func ended(_ id: ResourceID) {
        let wasChecking = isChecking
        members[id] = nil
        if wasChecking, !isChecking { isReloadsTurn = true }
    }

    /// Whether no reload may begin now.
    var holdsReloads: Bool { isChecking || !isReloadsTurn && ready != nil }

    private var isChecking: Bool { members.values.contains { $0.stage == .checking } }

    /// The first batch that is complete: those with one command, in the order of their ids.
    private var ready: [ResourceID]? {
        if members.isEmpty { return nil }
        let groups = Dictionary(grouping: members.keys) { members[$0]?.command }.values
        return groups.filter { group in group.allSatisfy { members[$0]?.stage == .waiting } }
            .map { $0.sorted() }.min { $0[0] < $1[0] }
    }

    /// The batch that can be checked now, which counts as begun. `reloadsRun`: whether a reload is under way.
    mutating func take(reloadsRun: Bool) -> [ResourceID]? {
        isReloadsTurn = false
        guard !reloadsRun, !isChecking, let batch = ready else { return nil }
        for id in batch { members[id]?.stage = .checking }
        return batch
    }
}
