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
    init(_ text: String, _ reading: Reading, field: String) throws(TemplateError) {
        self.text = text
        fields = CommandFields(of: text).names
        switch reading {
        case .template: template = try Template(ByteString(text), name: field, functions: [:])
        // What does not parse is not a template of ours, whatever is wrong with it.
        case .templateIfOurs:
            template = fields.isEmpty ? nil : try? Template(ByteString(text), name: field, functions: [:])
        }
        _ = try rendered(source: "", destination: "")
    }

    /// Whether it names the staged file: by `{{.src}}`, or by the variable that commands have.
    var namesSource: Bool { fields.contains("src") || text.contains(text: "CONFD_SRC") }

    /// The text with its fields filled in.
    func rendered(source: String, destination: String) throws(TemplateError) -> String {
        guard let template else { return text }
        var output: [UInt8] = []
        try template.render(.object(Fields(source: source, destination: destination)), into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The dot of the template.
    private final class Fields: Object {
        let source: ByteString
        let destination: ByteString

        init(source: String, destination: String) {
            self.source = ByteString(source)
            self.destination = ByteString(destination)
        }

        var typeName: String { "command" }
        var fields: [(name: String, value: Value)] { [("src", .string(source)), ("dest", .string(destination))] }

        func field(_ name: ByteString) -> Value? {
            switch name {
            case "src": .string(source)
            case "dest": .string(destination)
            default: nil
            }
        }

        func method(_ name: ByteString) -> Function? { nil }
        var description: ByteString? { nil }
    }
}
