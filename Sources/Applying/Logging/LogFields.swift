import Backends
import Configuration
import Diagnostics
import JSON

/// The subject of a log line, for programs that read the log: fields of a JSON line. Text lines show the excerpt and
/// the hint, on lines of their own below the message.
package protocol LogSubject: Sendable {
    var logFields: LogFields { get }
}

/// Named values, in their order.
package struct LogFields: LogSubject {
    package enum Value: Equatable, Sendable {
        case text(String)
        case number(Int)
    }

    private var pairs: [(name: String, value: Value)]
    /// Lines of the file that the message is about, and a caret below the place; separated by line feeds.
    private(set) var excerpt: String?
    /// How to fix it.
    private(set) var hint: String?

    package init(_ pairs: [(name: String, value: Value)] = []) { self.pairs = pairs }

    package var logFields: LogFields { self }

    package mutating func append(_ name: String, _ value: Value) { pairs.append((name, value)) }

    mutating func append(_ other: LogFields) {
        pairs += other.pairs
        excerpt = other.excerpt ?? excerpt
        hint = other.hint ?? hint
    }

    /// These fields and one more, if it has a value.
    package func with(_ name: String, _ text: String?) -> LogFields {
        var copy = self
        if let text { copy.append(name, .text(text)) }
        return copy
    }

    /// These fields and one more.
    func with(_ name: String, number: Int) -> LogFields {
        var copy = self
        copy.append(name, .number(number))
        return copy
    }

    /// These fields with what explains the message.
    package func explained(excerpt: String? = nil, hint: String?) -> LogFields {
        var copy = self
        copy.excerpt = excerpt
        copy.hint = hint
        return copy
    }

    /// These fields with a place in a file.
    func at(_ file: String?, line: Int?, column: Int?) -> LogFields {
        var copy = with("file", file)
        if let line { copy.append("line", .number(line)) }
        if let column { copy.append("column", .number(column)) }
        return copy
    }

    /// The place in `report`, and what explains its message.
    package init(_ report: ErrorReport) {
        self = LogFields().at(report.location?.file, line: report.location?.line, column: report.location?.column)
            .explained(excerpt: report.excerpt, hint: report.hint)
    }

    /// A JSON object on one line.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in pairs + (hint.map { [("hint", .text($0))] } ?? []) {
            Array(name.utf8).withUnsafeBufferPointer { writer.key($0) }
            switch value {
            case .text(let text):
                Array(PrintableText.bounded(text).utf8).withUnsafeBufferPointer { writer.appendString($0) }
            case .number(let number): writer.appendInt(number)
            }
        }
        writer.endObject()
        return PrintableText.json(writer.finish())
    }
}

extension Resource: LogSubject {
    package var logFields: LogFields {
        LogFields([("resource", .text(name)), ("dest", .text(destination))])
    }
}

extension ResourceError: LogSubject {
    package var logFields: LogFields { LogFields(report) }
}

extension SettingsError: LogSubject {
    package var logFields: LogFields { LogFields(report) }
}

extension BackendError {
    /// The fields of a line about this error of the backend with `configuration`.
    package func logFields(_ configuration: BackendConfiguration) -> LogFields {
        configuration.logFields.explained(hint: hint)
    }
}

extension BackendConfiguration: LogSubject {
    package var logFields: LogFields {
        LogFields([("backend", .text(name))])
    }
}
