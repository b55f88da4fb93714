import TextTemplate

/// A text that may name our fields: a template over `{{.src}}`, the staged file, and `{{.dest}}`, the target, or a text
/// that is passed on as it is.
package struct CommandWord: Hashable, Sendable {
    /// As it stands in the resource.
    let text: String
    /// The fields of ours that it names.
    let fields: Set<String>
    /// nil if the text is passed on as it is.
    private let template: Template?

    package static func == (left: CommandWord, right: CommandWord) -> Bool { left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// How a text is read.
    enum Reading {
        /// Always as a template, as confd 0.17 reads `check_cmd`.
        case template
        /// As a template if it names a field of ours and parses as one: confd 0.17 runs a `reload_cmd` as it is written, and
        /// braces in it are then somebody else's (`docker ps --format '{{.Names}}'`).
        case templateIfOurs
    }

    /// The text of `field`. It is tried, so that an unknown field is found when the resource loads.
    init(_ text: String, _ reading: Reading, field: String, trial: Item? = nil) throws(TemplateError) {
        self.text = text
        fields = CommandFields(of: text).names
        switch reading {
        case .template: template = try Template(ByteString(text), name: field, functions: [:])
        // What does not parse is not a template of ours, whatever is wrong with it.
        case .templateIfOurs:
            template = fields.isEmpty ? nil : try? Template(ByteString(text), name: field, functions: [:])
        }
        _ = try rendered(source: "", destination: "", item: trial.map { ($0.key, $0.name) })
    }

    /// Whether it names the staged file: by `{{.src}}`, or by the variable that commands have.
    var namesSource: Bool { fields.contains("src") || text.contains(text: "CONFD_SRC") }

    /// Likewise the target.
    var namesDestination: Bool { fields.contains("dest") || text.contains(text: "CONFD_DEST") }

    /// The text with its fields filled in.
    func rendered(
        source: String, destination: String, item: (key: [UInt8], name: [UInt8])? = nil
    ) throws(TemplateError) -> String {
        guard let template else { return text }
        var output: [UInt8] = []
        try template.render(.object(Fields(source: source, destination: destination, item: item)), into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The dot of the template.
    private final class Fields: Object {
        let source: ByteString
        let destination: ByteString
        let item: (key: ByteString, name: ByteString)?

        init(source: String, destination: String, item: (key: [UInt8], name: [UInt8])?) {
            self.source = ByteString(source)
            self.destination = ByteString(destination)
            self.item = item.map { (ByteString($0.key), ByteString($0.name)) }
        }

        var typeName: String { "command" }
        var fields: [(name: String, value: Value)] {
            ["src", "dest", "key", "name"].compactMap { name in field(ByteString(name)).map { (name, $0) } }
        }

        func field(_ name: ByteString) -> Value? {
            switch name {
            case "src": .string(source)
            case "dest": .string(destination)
            case "key": (item?.key).map { .string($0) }
            case "name": (item?.name).map { .string($0) }
            default: nil
            }
        }

        func method(_ name: ByteString) -> Function? { nil }
        var description: ByteString? { nil }
    }
}
