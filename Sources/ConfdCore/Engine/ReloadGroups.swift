import Configuration

/// What resources share: those with the same reload do it once for all.
struct ReloadGroups {
    private var members: [ReloadMethod: Set<ResourceID>] = [:]
    /// Whether reloads wait: for the command that is to be reloaded, or until every file is in place.
    var areHeld = false
    /// Whether no reload begins for now, because files are in place that no check has accepted yet.
    var arePaused = false

    mutating func add(_ state: ResourceState) {
        if let group = state.resource.reloadGroup { members[group, default: []].insert(state.id) }
    }

    mutating func remove(_ state: ResourceState) {
        guard let group = state.resource.reloadGroup else { return }
        members[group]?.remove(state.id)
        if members[group]?.isEmpty ?? false { members[group] = nil }
    }

    /// The resources that reload with `state`, itself among them.
    func members(with state: ResourceState) -> Set<ResourceID> {
        state.resource.reloadGroup.flatMap { members[$0] } ?? [state.id]
    }
}
