import KeyValue
import Posix
import Staging

/// One `[template]` of a resource file, complete and validated.
package struct Resource: Equatable, Sendable {
    /// Its name in log lines: the file below conf.d, with `#2` for the second `[[template]]` of a file.
    package let name: String
    /// The resource file.
    package let file: String
    /// The path of the template.
    package let source: String
    package let destination: String
    /// The prefix that is stripped from the keys that the template sees.
    package let prefix: [UInt8]
    /// The keys that the template sees, with the prefix joined.
    package let ranges: [KeyRange]
    package let attributes: FileAttributes
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
    package let backend: BackendConfiguration
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
    /// How its changes are rolled out over many hosts; nil: each host applies them at once.
    package let rollout: RolloutDefinition?

    /// Whether it reads keys in `range`.
    package func needs(_ range: KeyRange) -> Bool { ranges.contains { $0.overlaps(range) } }

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
