import Applying
import Configuration
import Diagnostics
import Posix
import TextTemplate

/// Something that `-validate` reports about a file or a setting.
struct Finding {
    enum Severity {
        case error, warning
        /// Information: neither an error nor probably a mistake.
        case note
    }

    let severity: Severity
    let report: ErrorReport

    init(_ report: ErrorReport, _ severity: Severity) {
        self.severity = severity
        self.report = report
    }

    init(_ problem: ResourceProblem) {
        switch problem {
        case .unusable(let error), .noFolder(let error): self.init(error.report, .error)
        case .odd(let error), .advice(let error): self.init(error.report, .warning)
        case .noFiles(let folder, _):
            let report = ErrorReport("Found no templates", at: Location(folder), hint: problem.hint)
            self.init(report, .error)
        }
    }

    init(_ error: SettingsError, _ severity: Severity) { self.init(error.report, severity) }

    init(_ error: SystemError, path: String) { self.init(ErrorReport(error.message, at: Location(path)), .error) }

    /// An error of the template at `path`.
    init(_ error: TemplateError, path: String, source: ByteString) {
        let excerpt = source.withBytes { Excerpt.text(of: $0, line: error.line, column: error.column) }
        let location = Location(path, line: error.line, column: error.column)
        self.init(ErrorReport(error.reason.text, at: location, excerpt: excerpt, hint: error.hint), .error)
    }

    /// A note that the check of `resource`, which does not say so, runs with the new file in place.
    init(checkInPlace resource: Resource) {
        let message =
            "check_cmd of \(resource.destination), which names neither {{.src}} nor CONFD_SRC, is run with the new file in "
            + "place and before the reload; if it refuses, the previous file is put back"
        let hint = "check = \"in-place\" or \"staged\" says which is meant"
        self.init(ErrorReport(message, at: Location(resource.file), hint: hint), .note)
    }

    /// The same with `-strict`.
    var strict: Finding { severity == .warning ? Finding(report, .error) : self }

    /// `path:line:column: message`; the line with a caret and the hint on lines of their own.
    var text: String {
        switch severity {
        case .error: report.text
        case .warning: report.text(marked: "warning: ")
        case .note: report.text(marked: "note: ")
        }
    }
}

extension Finding: LogSubject {
    var logFields: LogFields { LogFields(report) }
}
