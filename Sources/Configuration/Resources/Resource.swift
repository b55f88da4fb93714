import KeyValue
import Posix
import Primitives
import Staging

/// One `[template]` of a resource file, complete and validated.
///
/// Copies share what the file says: a resource is passed on dozens of times in each pass, and to copy all of its fields would
/// count some fifty references up and down each time.
package struct Resource: Equatable, Sendable {
    /// What the resource file says, and no item changes.
    package struct Fields: Equatable, Sendable {
        /// The resource file.
        package let file: String
        /// The path of the template.
        package let source: String
        /// The prefix that is stripped from the keys that the template sees.
        package let prefix: [UInt8]
        /// The keys that the template sees, with the prefix joined.
        /// With several backends, as `layers` show them.
        package let ranges: [KeyRange]
        package let checkCommand: CommandTemplate?
        /// Whether `checkCommand` judges the new file in its place (`check = "in-place"`), not the staged one.
        package let checksInPlace: Bool
        /// Whether that follows from the command alone (`check` is not given).
        package let impliesCheckPlace: Bool
        /// How its service learns that the file was replaced; nil if it does not.
        package let reloadMethod: ReloadMethod?
        package let checkTimeout: Duration
        package let reloadTimeout: Duration
        package let makeDirectories: Bool
        package let backup: Bool
        package let leftDelimiter: String
        package let rightDelimiter: String
        /// The backends that its keys come from, and which keys of each; of a key that several have, the first counts.
        package let layers: [BackendLayer]
        /// When it is rendered and reloaded.
        package let policy: ApplyPolicy
        /// Whether the previous file is put back when its reload keeps failing.
        package let rollback: Bool
        /// Which of its keys stand for servers that are probed.
        package let healthChecks: [TargetCheck]
        /// The format that the rendered file must have to be installed, nil for any.
        package let outputFormat: OutputFormat?
        /// What it may lose at once; nil for everything.
        package let guardLimits: GuardLimits?
        /// The running balancer that is kept equal to the rendering; `reloadCommand` is then for what cannot be changed in it.
        package let apply: ApplyDefinition?
        /// What has a file of its own (`for_each`); nil if the resource has one file.
        package let items: ItemRule?
        /// How its changes are rolled out over many hosts; nil: each host applies them at once.
        package let rollout: RolloutDefinition?
    }

    /// Its name in log lines: the file below conf.d, with `#2` for the second `[[template]]` of a file.
    package private(set) var name: String
    package private(set) var destination: String
    package var attributes: FileAttributes
    /// The item whose file this is; nil for a resource as it is written.
    package private(set) var item: Item? = nil
    /// The name of the resource that the item is of.
    package private(set) var groupName: String? = nil
    private let fields: Shared<Fields>

    /// What applies its held change, for a shell: the name of an item has a key of the store.
    package var releaseCommand: String { "confd release \(ShellQuote.quote(name))" }

    init(name: String, destination: String, attributes: FileAttributes, _ fields: Fields) {
        self.name = name
        self.destination = destination
        self.attributes = attributes
        self.fields = Shared(fields)
    }

    /// Whether it stands for the files of its items, and has none itself.
    package var isGroup: Bool { items != nil && item == nil }

    /// The resource as it is written: for an item, the one with `for_each`.
    package var owner: String { groupName ?? name }

    /// What becomes of one of its items, whose file has the name `fileName`.
    package func of(_ item: Item, fileName: [UInt8]) -> Resource {
        var copy = self
        copy.item = item
        copy.groupName = name
        copy.name = "\(name)[\(String(decoding: item.key, as: UTF8.self))]"
        copy.destination = Files.join(items?.folder ?? "", String(decoding: fileName, as: UTF8.self))
        return copy
    }

    /// The keys of the item, with the prefix joined; nil for a resource without one.
    package var itemRange: KeyRange? { item.map { KeyRange(cleaned: Path.join([prefix, $0.key])) } }

    /// The command that judges the staged file, nil if there is none. One of a check in place may have to judge a staged file as
    /// well: that of a stream.
    package var stagedCheck: CommandTemplate? { item == nil ? checkCommand : items?.checkEach }

    /// The field that sets it.
    package var stagedCheckField: String { item == nil ? "check_cmd" : "check_each" }

    /// Whether it reads keys in `range` of `backend`.
    package func needs(_ range: KeyRange, of backend: BackendConfiguration) -> Bool {
        layers.contains { $0.backend == backend && $0.needs(range) }
    }

    /// The command of the check in place, nil if there is none. Resources with the same one are checked together.
    package var inPlaceCheck: CommandInvocation? {
        guard checksInPlace, let checkCommand else { return nil }
        // The template was rendered once when the resource was loaded, so it does not fail.
        return try? checkCommand.invocation(source: destination, destination: destination)
    }

    /// Whether replacing the file triggers a reload.
    package var reloads: Bool { reloadMethod != nil || apply != nil }

    /// The field that sets the reload, as messages call it.
    package var reloadField: String { apply == nil ? reloadMethod?.field ?? "" : "[template.apply]" }

    /// Resources with the same one reload together; nil without a reload, and for a balancer of its own.
    package var reloadGroup: ReloadMethod? { apply == nil ? reloadMethod : nil }
}

// What the file says: see `Fields`.
extension Resource {
    package var file: String { fields.value.file }
    package var source: String { fields.value.source }
    package var prefix: [UInt8] { fields.value.prefix }
    package var ranges: [KeyRange] { fields.value.ranges }
    package var checkCommand: CommandTemplate? { fields.value.checkCommand }
    package var checksInPlace: Bool { fields.value.checksInPlace }
    package var impliesCheckPlace: Bool { fields.value.impliesCheckPlace }
    package var reloadMethod: ReloadMethod? { fields.value.reloadMethod }
    package var checkTimeout: Duration { fields.value.checkTimeout }
    package var reloadTimeout: Duration { fields.value.reloadTimeout }
    package var makeDirectories: Bool { fields.value.makeDirectories }
    package var backup: Bool { fields.value.backup }
    package var leftDelimiter: String { fields.value.leftDelimiter }
    package var rightDelimiter: String { fields.value.rightDelimiter }
    package var layers: [BackendLayer] { fields.value.layers }
    package var policy: ApplyPolicy { fields.value.policy }
    package var rollback: Bool { fields.value.rollback }
    package var healthChecks: [TargetCheck] { fields.value.healthChecks }
    package var outputFormat: OutputFormat? { fields.value.outputFormat }
    package var guardLimits: GuardLimits? { fields.value.guardLimits }
    package var apply: ApplyDefinition? { fields.value.apply }
    package var items: ItemRule? { fields.value.items }
    package var rollout: RolloutDefinition? { fields.value.rollout }
}

/// A value that its copies share.
private final class Shared<Value: Equatable & Sendable>: Equatable, Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }

    static func == (one: Shared, other: Shared) -> Bool { one === other || one.value == other.value }
}
