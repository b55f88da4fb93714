/// Which files are put in place together for a check of what is in place: those of resources with the same command that
/// are rendered at the same time. Events in, batches out.
///
/// A batch waits until nothing with its command is being rendered any more, and for the end of the batch before it: two at
/// once would judge each other's files.
struct CheckBatches {
    private enum Stage {
        case rendering, waiting, checking
    }

    private struct Member {
        let command: String
        var stage = Stage.rendering
    }

    private var members: [Agenda.ID: Member] = [:]

    /// The rendering of a resource with this check begins.
    mutating func began(_ id: Agenda.ID, command: String) { members[id] = Member(command: command) }

    /// It is rendered, differs from its file, and waits for its check.
    mutating func waits(_ id: Agenda.ID) { members[id]?.stage = .waiting }

    /// What was begun is over, with or without a check.
    mutating func ended(_ id: Agenda.ID) { members[id] = nil }

    /// The batches that can be checked now, each of one command and in the order of its ids; they count as begun.
    mutating func take() -> [[Agenda.ID]] {
        if members.isEmpty { return [] }
        let groups = Dictionary(grouping: members.keys) { members[$0]?.command }.values
        let ready = groups.filter { group in group.allSatisfy { members[$0]?.stage == .waiting } }
        let batches = ready.map { $0.sorted() }.sorted { $0[0] < $1[0] }
        for id in batches.joined() { members[id]?.stage = .checking }
        return batches
    }
}
