import TextTemplate

/// The text of a `check_cmd` or `reload_cmd`: a template over `{{.src}}`, the staged file, and `{{.dest}}`,
/// the target, both quoted for the shell.
package struct CommandTemplate: Equatable, Sendable {
    /// The text as it stands in the resource.
    package let text: String
    private let template: Template

    package static func == (left: CommandTemplate, right: CommandTemplate) -> Bool { left.text == right.text }

    /// Parses `text` and tries it, so that an unknown field is found when the resource loads.
    package init(_ text: String, field: String) throws(TemplateError) {
        self.text = text
        template = try Template(ByteString(text), name: field, functions: [:])
        _ = try shellText(source: "", destination: "")
    }

    /// The command line for `/bin/sh -c`.
    package func shellText(source: String, destination: String) throws(TemplateError) -> [UInt8] {
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
