import Configuration

/// Counts and sets of what is due or running for all resources, updated whenever one changes: with 10,000 items a loop over
/// all of them in each turn takes too long. Used by the engine's thread alone.
final class Agenda {
    /// Which resources reload together.
    enum Group: Hashable {
        /// Those with this reload.
        case sharing(ReloadMethod)
        /// One without a reload.
        case alone(ResourceID)
    }

    /// The part of one resource's state that is counted.
    struct Entry: Equatable {
        var owesRendering = false
        var owesReload = false
        var isRendering = false
        var isReloading = false
        var hasBeenInStep = false
        var isAwaited = false
        var waitsForCheck = false

        fileprivate var isRunning: Bool { isRendering || isReloading }
    }

    /// Those that are to be rendered, now or later, and for which nothing runs.
    private(set) var renderings: Set<ResourceID> = []
    /// Those whose reload is due, now or later, and for which nothing runs, of groups for which nothing runs either.
    var reloads: [Group: Set<ResourceID>] { owing.filter { running[$0.key] == nil } }

    private var owing: [Group: Set<ResourceID>] = [:]
    private var running: [Group: Int] = [:]
    private var owingRendering = 0
    private var rendering = 0
    private var reloading = 0
    private var waitingForCheck = 0
    /// Those that are not in step.
    private var busy = 0
    private var neverInStep = 0
    private var awaited = 0

    /// Whether a rendering is under way, with all that comes before its file is in place.
    var hasRendering: Bool { rendering > 0 }
    /// Whether a rendering is due or under way, but for those whose file waits for a check in place.
    var isRendering: Bool { owingRendering > 0 || rendering > waitingForCheck }
    var isReloading: Bool { reloading > 0 }
    /// Nothing runs, and nothing is due.
    var isInStep: Bool { busy == 0 }
    /// Whether the file of each has been right at some time.
    var haveAllBeenInStep: Bool { neverInStep == 0 }
    /// Whether a resource was not tried yet that the daemon's readiness waits for.
    var isAwaiting: Bool { awaited > 0 }

    /// Takes `new` in place of `old` for one resource; nil where it is not counted.
    func change(_ id: ResourceID, of group: Group, from old: Entry?, to new: Entry?) {
        if old == new { return }
        if let old { count(old, by: -1, id, group) }
        if let new { count(new, by: 1, id, group) }
    }

    private func count(_ entry: Entry, by number: Int, _ id: ResourceID, _ group: Group) {
        if entry.owesRendering { owingRendering += number }
        if entry.isRendering { rendering += number }
        if entry.isReloading { reloading += number }
        if entry.waitsForCheck { waitingForCheck += number }
        if entry.isAwaited { awaited += number }
        if !entry.hasBeenInStep { neverInStep += number }
        if entry.isRunning || entry.owesRendering || entry.owesReload { busy += number }
        if entry.isRunning {
            let count = (running[group] ?? 0) + number
            running[group] = count == 0 ? nil : count
        } else {
            if entry.owesRendering { if number > 0 { renderings.insert(id) } else { renderings.remove(id) } }
            if entry.owesReload { if number > 0 { add(id, group) } else { remove(id, group) } }
        }
    }

    private func add(_ id: ResourceID, _ group: Group) { owing[group, default: []].insert(id) }

    private func remove(_ id: ResourceID, _ group: Group) {
        owing[group]?.remove(id)
        if owing[group]?.isEmpty ?? false { owing[group] = nil }
    }
}
