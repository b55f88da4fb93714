import Applying
import Configuration
import KeyValue
import Rendering

/// The items of one resource with `for_each`, as the engine has them: used by its thread alone.
final class ItemGroup {
    /// Which items there are, and which file each has.
    var set: ItemSet
    /// What is kept of their files; nil where nothing can be kept.
    let journal: ItemJournal?
    /// The keys that the set was made from, as the template sees them; nil before the first time.
    var keys: Snapshot?
    /// The resources that are applied for items, by the items' keys.
    var units: [[UInt8]: ResourceID] = [:]
    /// What each has read.
    private var reads = ReadIndex()
    private var known: [ResourceID: ReadSet] = [:]
    /// Those of which it is not known what they read.
    private var unknown: Set<ResourceID> = []
    /// Units whose template has asked for its index among the items.
    private(set) var indexReaders: Set<ResourceID> = []
    /// Those that are rendered in this pass, and not done yet.
    var pending: Set<ResourceID> = []
    /// Those whose content the check in place refuses: as long as there are any, nothing is removed.
    var refused: Set<ResourceID> = []
    /// Items that are gone whose unit still runs, by their files.
    var leaving: [[UInt8]: ResourceID] = [:]
    /// Units of items that are gone, whose reload is still owed.
    var lingering: Set<ResourceID> = []
    /// Whether all units are being ended.
    var isEnding = false
    /// Files that are being removed.
    var removing: Set<[UInt8]> = []
    /// Items whose file is still written or removed for another one.
    var delayed: [ItemSet.Unit] = []
    /// Which files are looked at for removal once all items are done.
    var removal = Removal.all
    /// Whether the state directory is to be told that files have changed.
    var hasNews = false

    enum Removal {
        case none
        /// Files of these names, which nobody claims any more.
        case of(Set<[UInt8]>)
        case all

        var isNone: Bool { if case .none = self { true } else { false } }

        mutating func add(_ names: Set<[UInt8]>) {
            if names.isEmpty { return }
            switch self {
            case .none: self = .of(names)
            case .of(let others): self = .of(others.union(names))
            case .all: break
            }
        }
    }

    init(_ rule: ItemRule, environment: any Rendering.Environment, journal: ItemJournal?) {
        set = ItemSet(rule, environment: environment)
        self.journal = journal
    }

    /// Whether its items are there.
    var hasBegun: Bool { keys != nil }

    /// Nothing is rendered, and nothing keeps files from being removed.
    var isQuiet: Bool { pending.isEmpty && leaving.isEmpty && removing.isEmpty && refused.isEmpty }

    /// Whether a new unit cannot have the file `name` yet.
    func isTaken(_ name: [UInt8]) -> Bool { leaving[name] != nil || removing.contains(name) }

    /// Takes what a rendering has read.
    func note(_ inputs: Inputs, of id: ResourceID) {
        forgetReads(of: id)
        if let new = inputs.reads {
            reads.add(id, new)
            known[id] = new
        } else {
            unknown.insert(id)
        }
        if inputs.readsIndex { indexReaders.insert(id) }
    }

    /// Forgets a unit that is gone.
    func forget(_ id: ResourceID) {
        forgetReads(of: id)
        pending.remove(id)
        refused.remove(id)
        lingering.remove(id)
    }

    private func forgetReads(of id: ResourceID) {
        if let old = known.removeValue(forKey: id) { reads.remove(id, old) }
        unknown.remove(id)
        indexReaders.remove(id)
    }

    /// The units whose last rendering read something that `changes` concern.
    func readers(of changes: [Change]) -> Set<ResourceID> {
        changes.isEmpty ? [] : reads.readers(of: changes).union(unknown)
    }
}
