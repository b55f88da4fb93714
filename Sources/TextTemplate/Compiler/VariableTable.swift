/// The variables of the templates being compiled, innermost last, as Go's parser and Go's executor see
/// them: the two differ in corners, and both show in errors.
///
/// To the parser a name is visible from the `:=` or `=` after it to the end of its block. While the
/// template executes it is there only once its declaration has been executed.
struct VariableTable {
    private struct Entry {
        let name: Int
        /// The entry that this one hides, -1 for none.
        let hidden: Int
        /// Where the value is; nil if the name is visible to the parser only.
        var slot: UInt32?
        /// The innermost entry of the name, this one included, that has a slot; -1 for none.
        var declared: Int
        /// The reference that finds the value at this entry, once there is one.
        var reference: UInt32?
    }

    /// Marks the slots of variables that are declared under a condition, numbered on their own.
    static let conditional: UInt32 = 1 << 31

    private var entries: [Entry] = []
    /// The innermost entry of each name, -1 for none.
    private var innermost: [Int] = []
    /// The first entry of the template being compiled; those below are not visible in it.
    private var base = 0

    var count: Int { entries.count }

    /// Hides all variables, for a template that begins within another. Returns the argument for `endTemplate`.
    mutating func beginTemplate() -> Int {
        let outer = base
        base = entries.count
        return outer
    }

    mutating func endTemplate(outer: Int) {
        truncate(to: base)
        base = outer
    }

    /// Whether the parser knows the name.
    func isVisible(_ name: Int) -> Bool { head(name) >= 0 }

    /// Makes a name visible to the parser.
    mutating func show(_ name: Int) {
        if !isVisible(name) { append(name, slot: nil) }
    }

    /// The slot of a name that is declared again in the block that begins at entry `scope`, if it can be reused:
    /// nothing can see the old variable any more. An unconditional declaration cannot reuse a conditional slot.
    func declaredSlot(_ name: Int, since scope: Int, isConditional: Bool) -> UInt32? {
        guard head(name) >= 0, entries[head(name)].declared >= scope else { return nil }
        guard let slot = entries[entries[head(name)].declared].slot else { return nil }
        return isConditional || slot & VariableTable.conditional == 0 ? slot : nil
    }

    /// Declares a name.
    mutating func declare(_ name: Int, slot: UInt32) { append(name, slot: slot) }

    /// The slot of a name if it is certain to be declared.
    func slot(_ name: Int) -> UInt32? {
        guard head(name) >= 0, entries[head(name)].declared >= 0 else { return nil }
        guard let slot = entries[entries[head(name)].declared].slot, slot & VariableTable.conditional == 0 else {
            return nil
        }
        return slot
    }

    /// A reference to a name, whatever may be declared.
    mutating func reference(_ name: Int, _ text: ByteString, in references: inout [VariableReference]) -> UInt32 {
        // From the outermost slot that can be meant to the innermost, so that each refers to the next one out.
        var open: [Int] = []
        var index = head(name) >= 0 ? entries[head(name)].declared : -1
        var next: UInt32?
        while index >= 0 {
            next = entries[index].reference
            if next != nil { break }
            open.append(index)
            guard let slot = entries[index].slot, slot & VariableTable.conditional != 0 else { break }
            let hidden = entries[index].hidden
            index = hidden >= base ? entries[hidden].declared : -1
        }
        while let entry = open.popLast() {
            references.append(VariableReference(name: text, slot: entries[entry].slot, next: next))
            next = UInt32(references.count - 1)
            entries[entry].reference = next
        }
        if let next { return next }
        references.append(VariableReference(name: text, slot: nil, next: nil))
        return UInt32(references.count - 1)
    }

    /// Removes the variables of a block.
    mutating func truncate(to count: Int) {
        while entries.count > count {
            let entry = entries.removeLast()
            innermost[entry.name] = entry.hidden
        }
    }

    /// Leaves the variables from `start` on visible to the parser but undeclared: in the `else` of the
    /// block that declared them.
    mutating func undeclare(from start: Int) {
        for index in start..<max(start, entries.count) {
            entries[index].slot = nil
            let hidden = entries[index].hidden
            entries[index].declared = hidden >= base ? entries[hidden].declared : -1
            entries[index].reference = nil
        }
    }

    private func head(_ name: Int) -> Int {
        guard name < innermost.count else { return -1 }
        return innermost[name] >= base ? innermost[name] : -1
    }

    private mutating func append(_ name: Int, slot: UInt32?) {
        while innermost.count <= name { innermost.append(-1) }
        let hidden = innermost[name]
        let declared = slot != nil ? entries.count : hidden >= base ? entries[hidden].declared : -1
        entries.append(Entry(name: name, hidden: hidden, slot: slot, declared: declared, reference: nil))
        innermost[name] = entries.count - 1
    }
}
