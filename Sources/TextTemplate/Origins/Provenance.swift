/// Where a value and its parts come from.
package struct Provenance {
    package enum Parts {
        /// Parts come from what the value comes from.
        case same
        /// The value, or the JSON text of it, is that of one entry: a part is at the path after this origin's. The set is
        /// what else decides the value.
        case document(Origin, OriginSet)
        /// The value is the key and the value of an entry; the latter may be JSON.
        case pair(Origin, OriginSet)
        case list(ListProvenance)
        case entries([ByteString: Provenance])
        /// The value is text that begins with a line break, whatever it is made of.
        case newLine
        /// What an included template wrote.
        case output(TracedOutput)
    }

    /// What decides the value; for a list, without its elements.
    package var own: OriginSet
    package var parts: Parts

    package init(_ own: OriginSet = .none, _ parts: Parts = .same) {
        self.own = own
        self.parts = parts
    }
}

/// Where the elements of a list come from. It belongs to the list, as its array does, so that functions that work in place
/// change both for all that hold it.
package final class ListProvenance {
    package internal(set) var elements: [Provenance]
    /// Whether an element may be at another place if any other changes. If not, only those before it matter.
    package internal(set) var isRearranged: Bool
    /// What decides elements that are left out.
    var leftOut: OriginSet = .none
    var total: OriginSet?

    package init(_ elements: [Provenance], isRearranged: Bool = false) {
        self.elements = elements
        self.isRearranged = isRearranged
    }
}

extension OriginTrace {
    package func union(_ sets: [OriginSet]) -> OriginSet { sets.reduce(.none) { table.union($0, $1) } }

    /// The value of the entry `name`, of which nothing but `others` decides that it is this one.
    package func entry(
        _ name: ByteString, chosenBy others: OriginSet = .none, isSecret: Bool = false
    ) -> Provenance {
        let origin = Origin(.key, name, isSecret: isSecret)
        return Provenance(table.union(table.set(origin), others), .document(origin, others))
    }

    /// The entry `name` with its key.
    package func pair(
        _ name: ByteString, chosenBy others: OriginSet = .none, isSecret: Bool = false
    ) -> Provenance {
        let origin = Origin(.key, name, isSecret: isSecret)
        return Provenance(table.union(table.set(origin), others), .pair(origin, others))
    }

    /// All that decides the value with all of its parts.
    package func everything(in provenance: Provenance) -> OriginSet {
        switch provenance.parts {
        case .same, .document, .pair, .newLine: return provenance.own
        case .output(let output):
            let sets = output.writes.map(\.origins) + output.conditions.map(\.origins)
            return union([provenance.own] + sets)
        case .list(let list):
            if list.total == nil { list.total = union([list.leftOut] + list.elements.map { everything(in: $0) }) }
            return table.union(provenance.own, list.total ?? .none)
        case .entries(let entries):
            return union([provenance.own] + entries.sorted { $0.key < $1.key }.map { everything(in: $0.value) })
        }
    }

    /// What decides whether the value is true. With several elements of different origins, no single one decides that a list
    /// has any.
    package func truth(of provenance: Provenance) -> OriginSet {
        // An entry is true, whatever is in it.
        if case .pair(_, let others) = provenance.parts { return others }
        guard case .list(let list) = provenance.parts, list.elements.count > 1 else {
            return everything(in: provenance)
        }
        let first = Set(table.origins(of: everything(in: list.elements[0])))
        let common = table.origins(of: everything(in: list.elements[1])).filter(first.contains)
        return union([provenance.own] + common.map { table.set($0) })
    }

    /// The entry of a map.
    package func member(_ name: ByteString, of provenance: Provenance) -> Provenance {
        switch provenance.parts {
        case .same, .list, .output, .newLine: return Provenance(everything(in: provenance))
        case .document: return part(of: provenance, at: [UInt8(ascii: ".")] + name.array)
        case .pair(let origin, let others):
            return name == "Value" ? Provenance(provenance.own, .document(origin, others)) : Provenance(provenance.own)
        case .entries(let entries):
            return entries[name].map { adding(provenance.own, to: $0) } ?? Provenance(provenance.own)
        }
    }

    /// The elements of `list`.
    package func elements(of list: Value, _ provenance: Provenance) -> [Provenance] {
        guard case .slice(let slice) = list else { return [] }
        return (0..<slice.count).map { element($0, of: provenance) }
    }

    /// The element of a list.
    package func element(_ index: Int, of provenance: Provenance) -> Provenance {
        switch provenance.parts {
        case .same, .entries, .output, .pair, .newLine: return Provenance(everything(in: provenance))
        case .document: return part(of: provenance, at: Array("[\(index)]".utf8))
        case .list(let list):
            // The index may lie beyond them, where lists share an array.
            guard list.elements.indices.contains(index) else { return Provenance(everything(in: provenance)) }
            return list.elements[index]
        }
    }

    /// What decides which element is at `index`, besides that element: those before it, or all.
    package func place(_ index: Int, in provenance: Provenance) -> OriginSet {
        guard case .list(let list) = provenance.parts else { return provenance.own }
        if list.isRearranged || index > list.elements.count { return everything(in: provenance) }
        return union([provenance.own] + list.elements.prefix(index).map { everything(in: $0) })
    }

    private func part(of provenance: Provenance, at step: [UInt8]) -> Provenance {
        guard case .document(let origin, let others) = provenance.parts else { return provenance }
        // Names are data and may be long: a path is for people, and stops growing beyond 256 bytes.
        let path = origin.path.count > 256 ? origin.path : ByteString(origin.path.array + step.prefix(256))
        let part = Origin(origin.kind, origin.name, path: path, isSecret: origin.isSecret)
        return Provenance(table.union(table.set(part), others), .document(part, others))
    }

    package func adding(_ others: OriginSet, to provenance: Provenance) -> Provenance {
        if others.isEmpty { return provenance }
        let parts: Provenance.Parts =
            switch provenance.parts {
            case .document(let origin, let known): .document(origin, table.union(known, others))
            case .pair(let origin, let known): .pair(origin, table.union(known, others))
            case .same, .list, .entries, .output, .newLine: provenance.parts
            }
        return Provenance(table.union(provenance.own, others), parts)
    }
}
