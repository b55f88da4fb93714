import Applying
import Configuration
import KeyValue
import Primitives
import Rendering

/// The items of one resource with `for_each`: which there are, and which file each has. Snapshots in, differences out.
///
/// The work for a change grows with the number of keys that have come or gone, not with that of the items.
struct ItemSet {
    /// What a change of the keys means for units.
    struct Difference {
        /// Items that have a file from now on.
        var begun: [Unit] = []
        /// Items whose unit ends: they are gone, or cannot have a file any more.
        var ended: [[UInt8]] = []
        /// Items that cannot have a file, with the reason; nil for those that could not, and are gone.
        var problems: [(key: [UInt8], error: ItemNameError?)] = []
        /// Names of files that nobody claims any more.
        var unclaimed: Set<[UInt8]> = []
        /// The first place from which on items have another index; nil if none has.
        var firstMoved: Int?
    }

    /// An item and the name of its file.
    struct Unit: Equatable {
        let item: Item
        let fileName: [UInt8]
    }

    private struct Entry {
        let item: Item
        /// nil if the name cannot be used, whatever others there are.
        let fileName: [UInt8]?
        var standing: Standing
    }

    private enum Standing: Equatable {
        /// Until it is known who else wants the file.
        case undecided
        case hasUnit
        case failed(ItemNameError)

        var error: ItemNameError? { if case .failed(let error) = self { error } else { nil } }
    }

    let rule: ItemRule
    private let environment: any Rendering.Environment
    private var entries: [[UInt8]: Entry] = [:]
    /// The keys of the items in order.
    private(set) var order: [[UInt8]] = []
    /// The keys of the items that want each file.
    private var claims: [[UInt8]: Set<[UInt8]>] = [:]

    /// Without items. `environment` is what the template of names asks.
    init(_ rule: ItemRule, environment: any Rendering.Environment) {
        self.rule = rule
        self.environment = environment
    }

    var count: Int { entries.count }

    /// Items without a unit: why they cannot have a file.
    private(set) var problems: [[UInt8]: ItemNameError] = [:]

    /// What is wrong with them, in one line; nil if there are none.
    var problem: History.Problem? {
        guard let first = problems.min(by: { $0.key.lexicographicallyPrecedes($1.key) }) else { return nil }
        let more = problems.count == 1 ? "" : ", and \(problems.count - 1) more"
        return History.Problem(message: "\(Self.message(first.key, first.value))\(more)")
    }

    /// Why the item `key` has no file.
    static func message(_ key: [UInt8], _ error: ItemNameError) -> String {
        "\(String(decoding: key, as: UTF8.self)) has no file: \(error.message)"
    }

    /// Whether an item wants the file `name`, even if it cannot have it.
    func claims(_ name: [UInt8]) -> Bool { claims[name] != nil }

    /// The place of the item `key` in the order of the keys, from 0.
    func index(of key: [UInt8]) -> Int { place(of: key) }

    /// Takes the keys of `new`, as the template sees them. `changes` lead there from what was taken before; nil if nothing was.
    mutating func update(_ changes: [Change]?, to new: Snapshot) -> Difference {
        var found: Set<[UInt8]> = []
        if let changes {
            for change in changes where change.kind != .updated {
                withExtendedLifetime(change.key) { note(change.key.bytes, &found) }
            }
        } else {
            for index in 0..<new.count { note(new.keyBytes(index), &found) }
        }
        var difference = Difference()
        var touched: Set<[UInt8]> = []
        var come: [[UInt8]] = []
        var gone: Set<[UInt8]> = []
        for key in found {
            let isThere = new.hasPath(key)
            if isThere == (entries[key] != nil) { continue }
            if isThere {
                insert(key, &difference, &touched)
                come.append(key)
            } else {
                remove(key, &difference, &touched)
                gone.insert(key)
            }
        }
        difference.firstMoved = updateOrder(come: come, gone: gone)
        for name in touched { settle(name, &difference) }
        difference.begun.sort { $0.item.key.lexicographicallyPrecedes($1.item.key) }
        return difference
    }

    private mutating func note(_ key: [UInt8], _ error: ItemNameError?, _ difference: inout Difference) {
        problems[key] = error
        difference.problems.append((key, error))
    }

    private func note(_ key: UnsafeBufferPointer<UInt8>, _ found: inout Set<[UInt8]>) {
        if let path = rule.pattern.match(key), path.count > 1 { found.insert(Array(path)) }
    }
}

// MARK: - Coming and going

extension ItemSet {
    private mutating func insert(_ key: [UInt8], _ difference: inout Difference, _ touched: inout Set<[UInt8]>) {
        let item = Item(key: key, parts: rule.pattern.parts(of: key))
        switch rule.name(of: item, in: environment) {
        case .success(let name):
            entries[key] = Entry(item: item, fileName: name, standing: .undecided)
            claims[name, default: []].insert(key)
            touched.insert(name)
        case .failure(let error):
            entries[key] = Entry(item: item, fileName: nil, standing: .failed(error))
            note(key, error, &difference)
        }
    }

    private mutating func remove(_ key: [UInt8], _ difference: inout Difference, _ touched: inout Set<[UInt8]>) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        if entry.standing == .hasUnit { difference.ended.append(key) } else { note(key, nil, &difference) }
        guard let name = entry.fileName else { return }
        claims[name]?.remove(key)
        touched.insert(name)
    }

    /// Brings `order` up to date; the first place that has another key now, nil if none has.
    private mutating func updateOrder(come: [[UInt8]], gone: Set<[UInt8]>) -> Int? {
        let firstMoved = (come + gone).map { place(of: $0) }.min()
        // A few are moved into their places, which costs less than sorting.
        if come.count + gone.count > 16 {
            order = (order.filter { !gone.contains($0) } + come).sorted { $0.lexicographicallyPrecedes($1) }
        } else {
            for key in gone { order.remove(at: place(of: key)) }
            for key in come { order.insert(key, at: place(of: key)) }
        }
        return firstMoved
    }

    /// The first index of `order` whose key does not sort before `key`.
    private func place(of key: [UInt8]) -> Int {
        order.indices.partitionPoint { order[$0].lexicographicallyPrecedes(key) }
    }

    /// Decides who has the file `name`: the only one that wants it; of several, none.
    private mutating func settle(_ name: [UInt8], _ difference: inout Difference) {
        let wanting = claims[name] ?? []
        if wanting.isEmpty {
            claims[name] = nil
            difference.unclaimed.insert(name)
            return
        }
        let sorted = wanting.sorted { $0.lexicographicallyPrecedes($1) }
        for key in sorted {
            guard var entry = entries[key] else { continue }
            let rival = wanting.count == 1 ? nil : key == sorted[0] ? sorted[1] : sorted[0]
            let standing = rival.map { Standing.failed(.taken(by: $0)) } ?? .hasUnit
            if entry.standing == standing { continue }
            if let error = standing.error {
                if entry.standing == .hasUnit { difference.ended.append(key) }
                note(key, error, &difference)
            } else {
                difference.begun.append(Unit(item: entry.item, fileName: name))
                if entry.standing.error != nil { note(key, nil, &difference) }
            }
            entry.standing = standing
            entries[key] = entry
        }
    }
}
