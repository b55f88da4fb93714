import Configuration

/// The servers of one group, of which some are down: decides whether those are hidden.
struct TargetGroup: Equatable {
    private(set) var members: Set<[UInt8]> = []
    private(set) var down: Set<[UInt8]> = []
    /// Fewer are up than `min_healthy` asks for, so that all are shown.
    private(set) var isShownAsWhole = false

    var isEmpty: Bool { members.isEmpty }

    mutating func insert(_ key: [UInt8], isUp: Bool, _ minHealthy: TargetCheck.MinHealthy) {
        members.insert(key)
        note(key, isUp: isUp, minHealthy)
    }

    mutating func remove(_ key: [UInt8], _ minHealthy: TargetCheck.MinHealthy) {
        members.remove(key)
        down.remove(key)
        decide(minHealthy)
    }

    mutating func note(_ key: [UInt8], isUp: Bool, _ minHealthy: TargetCheck.MinHealthy) {
        if isUp { down.remove(key) } else { down.insert(key) }
        decide(minHealthy)
    }

    private mutating func decide(_ minHealthy: TargetCheck.MinHealthy) {
        let up = members.count - down.count
        switch minHealthy {
        case .count(let least): isShownAsWhole = !down.isEmpty && up < least
        case .percent(let least):
            // One server more ends it than began it, so that a single one that comes and goes does not flip the whole group.
            let counted = isShownAsWhole ? up - 1 : up
            isShownAsWhole = !down.isEmpty && counted * 100 < least * members.count
        }
    }
}
