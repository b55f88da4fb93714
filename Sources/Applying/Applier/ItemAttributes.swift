import Configuration
import KeyValue
import Posix
import Rendering
import Staging
import TextTemplate

extension Resource {
    /// The item as its template sees it over `view`, where it is at `index` of all; nil for a resource without `for_each`.
    package func itemRecord(over view: Snapshot, index: Int) -> ItemRecord? {
        item.map { item in
            let value = view.value(of: item.key).map { ByteString($0.array) }
            return item.record(ItemRecord.State(value: value ?? "", index: index))
        }
    }
}

extension RenderRequest {
    /// The item as its template sees it over `view`; nil for a resource without `for_each`.
    func item(over view: Snapshot) -> ItemRecord? { resource.itemRecord(over: view, index: itemIndex) }

    /// Sets mode, owner and group where these are templates over the item.
    mutating func setAttributes(of item: ItemRecord?, in environment: TemplateEnvironment) throws(StepFailure) {
        guard let item, let attributes = resource.items?.attributes, !attributes.isEmpty else { return }
        func text(_ field: String, _ template: FieldTemplate?) throws(StepFailure) -> String? {
            guard let template else { return nil }
            let outcome = template.render(over: item, in: environment)
            if outcome.failure != nil {
                throw .itemAttribute(field: field, .template(reason: template.reason(of: outcome)))
            }
            return String(decoding: outcome.output, as: UTF8.self)
        }
        if let mode = try text("mode", attributes.mode) {
            // Keys must not decide on setuid and setgid.
            guard let bits = FileMode.parse(mode), bits <= 0o777 else {
                throw .itemAttribute(field: "mode", .notPermissionBits)
            }
            resource.attributes.mode = bits
        }
        if let owner = try text("owner", attributes.owner) {
            resource.attributes.uid = try Self.id(owner, "owner") { (name) throws(SystemError) in
                try Users.uid(of: name)
            }
        }
        if let group = try text("group", attributes.group) {
            resource.attributes.gid = try Self.id(group, "group") { (name) throws(SystemError) in
                try Users.gid(of: name)
            }
        }
    }

    /// A number, or what `find` knows; the text may come from a value, so no error repeats it.
    private static func id(
        _ text: String, _ field: String, find: (String) throws(SystemError) -> UInt32?
    ) throws(StepFailure) -> UInt32 {
        if let number = UInt32(text), number != .max { return number }
        do throws(SystemError) {
            if let found = try find(text) { return found }
        } catch {
            throw .itemAttribute(field: field, .system(error))
        }
        throw .itemAttribute(field: field, .noSuchAccount)
    }
}
