import Configuration
import Posix
import Rollout

/// What a rendering is allowed among the hosts of a rollout (`[template.rollout]`).
package struct RolloutBasis: Sendable {
    /// The `KeysDigest` of the resource's keys.
    let keys: [UInt8]
    /// The changes whose file may be written now.
    let permitted: Set<String>
    /// Whether the service has the file of a turn that is not over: until then its mark says that a reload is owed.
    let isReloaded: Bool

    package init(keys: [UInt8], permitted: Set<String>, isReloaded: Bool) {
        self.keys = keys
        self.permitted = permitted
        self.isReloaded = isReloaded
    }

    /// What all hosts with these templates and keys call the change; nil if a template cannot be read.
    func changeID(of inputs: Inputs) -> String? {
        var templates = SetDigest()
        for path in inputs.templates {
            guard let content = try? Files.readWhenStable(path, limit: FileLimit.template) else { return nil }
            templates.add(content)
        }
        return ChangeName.id(of: templates.bytes + keys)
    }
}
