import Configuration

/// Which files are put in place together for a check of what is in place: those of resources with the same command that
/// are rendered at the same time. Events in, batches out.
///
/// A batch waits until nothing with its command is being rendered any more, and for the end of the batch before it: two at
/// once would judge each other's files. No reload begins while a batch is checked, for it would load files that nobody has
/// accepted, and no batch begins during a reload. Where both are due, they take turns.
struct CheckBatches {
    /// Those with one command.
    private struct Group {
        var rendering: Set<ResourceID> = []
        var waiting: Set<ResourceID> = []
    }

    private var groups: [CommandInvocation: Group] = [:]
    private var commands: [ResourceID: CommandInvocation] = [:]
    /// The batch that is being checked, as far as it has not ended.
    private var checking: Set<ResourceID> = []
    /// A batch has just ended: what it accepted is reloaded before the next one.
    private var isReloadsTurn = false

    /// The rendering of a resource with this check begins.
    mutating func began(_ id: ResourceID, command: CommandInvocation) {
        commands[id] = command
        groups[command, default: Group()].rendering.insert(id)
    }

    /// It is rendered, differs from its file, and waits for its check.
    mutating func waits(_ id: ResourceID) {
        guard let command = commands[id] else { return }
        groups[command]?.rendering.remove(id)
        groups[command]?.waiting.insert(id)
    }

    /// What was begun has ended, with or without a check.
    mutating func ended(_ id: ResourceID) {
        guard let command = commands.removeValue(forKey: id) else { return }
        groups[command]?.rendering.remove(id)
        groups[command]?.waiting.remove(id)
        if let group = groups[command], group.rendering.isEmpty, group.waiting.isEmpty { groups[command] = nil }
        if checking.remove(id) != nil, checking.isEmpty { isReloadsTurn = true }
    }

    /// Whether no reload may begin now.
    var holdsReloads: Bool { !checking.isEmpty || !isReloadsTurn && ready != nil }

    /// The command of the first batch that is complete: of several, the one with the lowest id.
    private var ready: CommandInvocation? {
        let complete = groups.filter { $0.value.rendering.isEmpty && !$0.value.waiting.isEmpty }
        if complete.count <= 1 { return complete.first?.key }
        return complete.min { ($0.value.waiting.min() ?? 0) < ($1.value.waiting.min() ?? 0) }?.key
    }

    /// The batch that can be checked now, in the order of the ids, which counts as begun. `reloadsRun`: whether a reload is
    /// under way.
    mutating func take(reloadsRun: Bool) -> [ResourceID]? {
        isReloadsTurn = false
        guard !reloadsRun, checking.isEmpty, let command = ready, let batch = groups[command]?.waiting else {
            return nil
        }
        groups[command]?.waiting = []
        checking = batch
        return batch.sorted()
    }
}
