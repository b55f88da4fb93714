import KeyValue
import Posix
import Staging

/// One `[template]` of a resource file, complete and validated.
package struct Resource: Equatable, Sendable {
    /// Its name in log lines: the file below conf.d, with `#2` for the second `[[template]]` of a file.
    package private(set) var name: String
    /// The resource file.
    package let file: String
    /// The path of the template.
    package let source: String
    package private(set) var destination: String
    /// The prefix that is stripped from the keys that the template sees.
    package let prefix: [UInt8]
    /// The keys that the template sees, with the prefix joined.
    /// With several backends, as `layers` show them.
    package let ranges: [KeyRange]
    package var attributes: FileAttributes
    package let checkCommand: CommandTemplate?
    /// Whether `checkCommand` judges the new file in its place (`check = "in-place"`), not the staged one.
    package let checksInPlace: Bool
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
    /// The item whose file this is; nil for a resource as it is written.
    package private(set) var item: Item? = nil
    /// The name of the resource that the item is of.
    package private(set) var groupName: String? = nil

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
