import Applying
import Configuration
import Diagnostics
import KeyValue
import Rendering

/// The files that a resource has over some keys, for commands that look at them once: one, or one for each item.
struct ResourceFiles {
    struct File {
        /// What is rendered: the resource, or what becomes of one of its items.
        let resource: Resource
        /// The place of the item among all, from 0.
        var itemIndex = 0
    }

    /// In the order of the keys of items.
    let files: [File]
    /// Items that cannot have a file, with the reason.
    let problems: [(key: [UInt8], error: ItemNameError)]
    private let resource: Resource
    /// The places in `files`, by the bytes of `dest`: names that Unicode takes for equal are different files.
    private let places: [[UInt8]: Int]

    /// `view` is what the template sees of the keys.
    init(of resource: Resource, over view: Snapshot, in environment: any Rendering.Environment) {
        self.resource = resource
        guard resource.isGroup, let rule = resource.items else {
            files = [File(resource: resource)]
            problems = []
            places = [Array(resource.destination.utf8): 0]
            return
        }
        var set = ItemSet(rule, environment: environment)
        files = set.update(nil, to: view).begun.map { unit in
            File(
                resource: resource.of(unit.item, fileName: unit.fileName), itemIndex: set.index(of: unit.item.key))
        }
        // No two items have the same file.
        places = Dictionary(
            uniqueKeysWithValues: files.enumerated().map { (Array($0.element.resource.destination.utf8), $0.offset) })
        problems = set.problems.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }

    /// The file whose `dest` is `path`; nil if there is none.
    func file(at path: String) -> File? { places[Array(path.utf8)].map { files[$0] } }

    /// The file that `-item` chooses: by the name of an item, or by its key. `word` is nil for a resource without `for_each`.
    func file(ofItem word: String?) throws(ItemChoiceError) -> File {
        guard resource.isGroup else {
            if word != nil { throw .noItems(resource.name) }
            return files[0]
        }
        guard let word else { throw .notChosen(resource.name, examples: files.prefix(3).map(Self.name)) }
        let wanted = Array(word.utf8)
        let isKey = word.hasPrefix("/")
        let isWanted: (Item) -> Bool = { isKey ? $0.key == wanted : $0.name == wanted }
        let found = files.filter { $0.resource.item.map(isWanted) ?? false }
        if found.count > 1 { throw .several(word, keys: found.prefix(3).map(Self.key)) }
        if let file = found.first { return file }
        if let problem = problems.first(where: { isWanted(Item(key: $0.key, parts: [])) }) {
            throw .noFile(ItemSet.message(problem.key, problem.error))
        }
        throw .unknown(
            word, resource.name,
            suggestion: Suggestion.nearest(to: word, among: files.map(isKey ? Self.key : Self.name)))
    }

    private static func name(_ file: File) -> String {
        String(decoding: file.resource.item?.name ?? [], as: UTF8.self)
    }

    private static func key(_ file: File) -> String {
        String(decoding: file.resource.item?.key ?? [], as: UTF8.self)
    }
}

/// Why `-item` chooses no file.
enum ItemChoiceError: Error, Equatable {
    case noItems(String)
    case notChosen(String, examples: [String])
    case unknown(String, String, suggestion: String?)
    /// Items of different directories have the same name.
    case several(String, keys: [String])
    /// The item is there and has no file: its key and the reason.
    case noFile(String)
}

extension ItemChoiceError: LogSubject {
    var logFields: LogFields { LogFields().explained(hint: hint) }

    var message: String {
        switch self {
        case .noItems(let resource): "-item: \(resource) has no for_each"
        case .notChosen(let resource, let examples):
            examples.isEmpty
                ? "\(resource) has for_each, and there is no item" : "\(resource) has for_each: which item is meant?"
        case .unknown(let word, let resource, _): "-item: \(resource) has no item \"\(word)\""
        case .several(let word, _): "-item: several items have the name \"\(word)\""
        case .noFile(let reason): "-item: \(reason)"
        }
    }

    private var hint: String? {
        switch self {
        case .notChosen(_, let examples): examples.first.map { "for example -item \($0)" }
        case .unknown(_, _, let suggestion): suggestion.map { "did you mean \"\($0)\"?" }
        case .several(_, let keys): keys.map { "-item \($0)" }.joined(separator: ", ")
        case .noItems, .noFile: nil
        }
    }
}
