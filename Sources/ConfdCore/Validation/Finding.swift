import Backends
import Configuration
import Posix
import TOML
import TextTemplate

/// Something that `-validate` has to say about a file.
struct Finding {
    enum Severity {
        case error, warning
        /// Neither wrong nor odd, and good to know.
        case note
    }

    let severity: Severity
    /// nil for what no file says: a flag, a variable.
    let file: String?
    let position: TOMLPosition?
    let message: String
    /// The line and a caret below the place.
    let excerpt: String?
    let hint: String?

    init(_ error: ResourceError, _ severity: Severity) {
        self.severity = severity
        file = error.file
        position = error.position
        message = error.message
        excerpt = error.excerpt
        hint = error.hint
    }

    /// Settings say their place themselves: it may be a flag.
    init(_ error: SettingsError, _ severity: Severity) {
        self.severity = severity
        file = error.place?.file
        position = error.place.map { TOMLPosition(line: $0.line, column: $0.column) }
        let place = error.place.map { "\($0.file):\($0.line):\($0.column): " } ?? ""
        message = error.message.hasPrefix(place) ? String(error.message.dropFirst(place.count)) : error.message
        excerpt = error.excerpt
        hint = error.hint
    }

    /// An error of the template at `path`.
    init(_ error: TemplateError, path: String, source: ByteString) {
        severity = .error
        file = path
        position = TOMLPosition(line: error.line, column: error.column)
        message = error.reason.text
        let lines = Diagnostic.excerpt(of: source, line: error.line, column: error.column)
        excerpt = String(lines.text.dropLast())
        hint = error.hint
    }

    /// That the check of `resource` judges what is in place.
    init(checkInPlace resource: Resource) {
        severity = .note
        file = resource.file
        position = nil
        let isGuess = resource.checkCommand?.namesSource == false
        let reason = isGuess ? ", which names neither {{.src}} nor CONFD_SRC," : ""
        message =
            "check_cmd of \(resource.destination)\(reason) is run with the new file in place and before the reload; "
            + "if it refuses, the previous file is put back"
        excerpt = nil
        hint = isGuess ? "check = \"in-place\" or \"staged\" says which is meant" : nil
    }

    init(_ error: SystemError, path: String) {
        severity = .error
        file = path
        position = nil
        message = error.message
        excerpt = nil
        hint = nil
    }

    /// `path:line:column: message`; the line with a caret and the hint on lines of their own.
    var text: String {
        let mark =
            switch severity {
            case .error: ""
            case .warning: "warning: "
            case .note: "note: "
            }
        return "\(place)\(mark)\(message)" + (excerpt.map { "\n\($0)" } ?? "") + (hint.map { "\nhint: \($0)" } ?? "")
    }

    private var place: String {
        guard let file else { return "" }
        return (position.map { "\(file):\($0.line):\($0.column)" } ?? file) + ": "
    }
}

extension Finding: LogSubject {
    var logFields: LogFields {
        LogFields().at(file, line: position?.line, column: position?.column).explained(excerpt: excerpt, hint: hint)
    }
}
