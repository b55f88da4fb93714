/// Turns one list of lines into another: the runs that are removed and inserted.
///
/// Myers' algorithm in linear space ("An O(ND) difference algorithm and its variations", section 4b). Lines that only
/// one side has are set aside first, which changes nothing. Where the sides differ so much that the shortest script
/// would take long, a search is cut short at its most advanced point, as GNU diff does: the script is then right and
/// not always shortest, and time stays linear on any input.
struct EditScript {
    /// Lines of the old text that are replaced by lines of the new one; one of the two may be empty.
    struct Change: Equatable {
        var old: Range<Int>
        var new: Range<Int>
    }

    /// In their order, and never adjacent.
    private(set) var changes: [Change] = []

    /// Compares the lines of `old` and `new`, given by numbers below `distinct`. `stepLimit` is when a search is cut
    /// short; nil chooses it by the number of lines.
    init(_ old: [UInt32], _ new: [UInt32], distinct: Int, stepLimit: Int? = nil) {
        var oldChanged = [Bool](repeating: false, count: old.count)
        var newChanged = [Bool](repeating: false, count: new.count)
        let oldKept = Self.kept(old, sharedWith: new, distinct, &oldChanged)
        let newKept = Self.kept(new, sharedWith: old, distinct, &newChanged)
        var search = MyersSearch(oldKept.map { old[$0] }, newKept.map { new[$0] }, stepLimit: stepLimit)
        search.run()
        for (index, line) in oldKept.enumerated() where search.oldChanged[index] { oldChanged[line] = true }
        for (index, line) in newKept.enumerated() where search.newChanged[index] { newChanged[line] = true }
        collect(oldChanged, newChanged)
        slide(old, new)
    }

    /// The lines that the other side has too; the rest is marked as changed.
    private static func kept(
        _ lines: [UInt32], sharedWith other: [UInt32], _ distinct: Int, _ changed: inout [Bool]
    ) -> [Int] {
        var isThere = [Bool](repeating: false, count: distinct)
        for number in other { isThere[Int(number)] = true }
        var kept: [Int] = []
        for (index, number) in lines.enumerated() {
            if isThere[Int(number)] { kept.append(index) } else { changed[index] = true }
        }
        return kept
    }

    private mutating func collect(_ oldChanged: [Bool], _ newChanged: [Bool]) {
        var old = 0
        var new = 0
        while old < oldChanged.count || new < newChanged.count {
            let change = (old, new)
            while old < oldChanged.count, oldChanged[old] { old += 1 }
            while new < newChanged.count, newChanged[new] { new += 1 }
            if (old, new) == change {
                old += 1
                new += 1
            } else {
                changes.append(Change(old: change.0..<old, new: change.1..<new))
            }
        }
    }

    /// Moves lines that were only put in or taken out down as far as they can go, which is where people look for them:
    /// at the end of a list, and not in the middle of a block.
    private mutating func slide(_ old: [UInt32], _ new: [UInt32]) {
        var result: [Change] = []
        for index in changes.indices.reversed() {
            var change = changes[index]
            let next = result.last
            let limit = (old: next?.old.lowerBound ?? old.count, new: next?.new.lowerBound ?? new.count)
            while change.old.upperBound < limit.old, change.new.upperBound < limit.new, change.canSlide(old, new) {
                change.old = change.old.lowerBound + 1..<change.old.upperBound + 1
                change.new = change.new.lowerBound + 1..<change.new.upperBound + 1
            }
            if let next, change.old.upperBound == next.old.lowerBound, change.new.upperBound == next.new.lowerBound {
                change.old = change.old.lowerBound..<next.old.upperBound
                change.new = change.new.lowerBound..<next.new.upperBound
                result.removeLast()
            }
            result.append(change)
        }
        changes = result.reversed()
    }
}

extension EditScript.Change {
    /// Whether the line after the run equals its first one.
    fileprivate func canSlide(_ old: [UInt32], _ new: [UInt32]) -> Bool {
        if self.new.isEmpty { return old[self.old.lowerBound] == old[self.old.upperBound] }
        if self.old.isEmpty { return new[self.new.lowerBound] == new[self.new.upperBound] }
        return false
    }
}
