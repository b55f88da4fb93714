import Configuration

/// Which files of items that are gone are removed now, and which are held.
package struct RemovalPlan: Equatable, Sendable {
    /// The files that no item wants, in their order.
    package let files: [ItemFile]
    /// The limits that the removal exceeds.
    package let violations: [GuardViolation]
    /// Whether the files stay for now because of the violations.
    package let isHeld: Bool
    /// The keys that the plan was made from.
    package let keys: KeyCounts

    /// Removes nothing; what is held stays so.
    package static func nothing(_ keys: KeyCounts, held: [GuardViolation]?) -> RemovalPlan {
        RemovalPlan(files: [], violations: held ?? [], isHeld: held != nil, keys: keys)
    }

    /// `orphans` are the files that no item wants, of `count` in all; `lost` are the guard's violations by the keys, which
    /// count if anything is to be removed. With `isBelieved` nothing is held: it was held for long enough, or released.
    package init(
        _ orphans: [ItemFile], of count: Int, _ rule: ItemRule, _ keys: KeyCounts, lost: [GuardViolation] = [],
        isBelieved: Bool
    ) {
        self.keys = keys
        files = rule.prune ? orphans : []
        let most = rule.removable(of: count)
        violations =
            files.count > most
            ? [.removedFiles(files.map(\.name), of: count, most: most)] : files.isEmpty ? [] : lost
        isHeld = !violations.isEmpty && !isBelieved
    }

    private init(files: [ItemFile], violations: [GuardViolation], isHeld: Bool, keys: KeyCounts) {
        (self.files, self.violations, self.isHeld, self.keys) = (files, violations, isHeld, keys)
    }
}
