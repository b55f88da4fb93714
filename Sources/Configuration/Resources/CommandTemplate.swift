import TextTemplate

/// The text of a `check_cmd` or `reload_cmd`: a template over `{{.src}}`, the staged file, and `{{.dest}}`,
/// the target, both quoted for the shell.
package struct CommandTemplate: Equatable, Sendable {
    /// The text as it stands in the resource.
    package let text: String
    /// Whether it names the staged file, so that it can judge that one: by `{{.src}}` or by `CONFD_SRC`.
    package let namesSource: Bool
    /// nil if the shell gets the text as it is.
    private let template: Template?

    package static func == (left: CommandTemplate, right: CommandTemplate) -> Bool { left.text == right.text }

    /// A `check_cmd`: always a template, as in confd 0.17. It is tried, so that an unknown field is found when the
    /// resource loads.
    package init(check text: String) throws(TemplateError) {
        self.text = text
        namesSource = CommandFields(of: text).names.contains("src") || text.contains(text: "CONFD_SRC")
        template = try Template(ByteString(text), name: "check_cmd", functions: [:])
        _ = try shellText(source: "", destination: "")
    }

    /// A `reload_cmd`: confd 0.17 runs it as it is written, and braces in it are then somebody else's
    /// (`docker ps --format '{{.Names}}'`). So it is a template only if it names a field of ours and parses as one.
    package init(reload text: String) throws(TemplateError) {
        self.text = text
        let names = CommandFields(of: text).names
        namesSource = names.contains("src") || text.contains(text: "CONFD_SRC")
        // Not a template of ours, whatever is wrong with it.
        template = names.isEmpty ? nil : try? Template(ByteString(text), name: "reload_cmd", functions: [:])
        _ = try shellText(source: "", destination: "")
    }

    /// The command line for `/bin/sh -c`.
    package func shellText(source: String, destination: String) throws(TemplateError) -> [UInt8] {
        guard let template else { return Array(text.utf8) }
        var output: [UInt8] = []
        let fields = Fields(source: ShellQuote.quote(source), destination: ShellQuote.quote(destination))
        try template.render(.object(fields), into: &output)
        return output
    }

    /// The dot of a command template.
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
