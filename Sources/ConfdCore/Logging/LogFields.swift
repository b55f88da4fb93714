import Backends
import JSON

/// What a log line is about, for programs that read it: fields of a JSON line. Text lines do not show them.
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

    package init(_ pairs: [(name: String, value: Value)] = []) { self.pairs = pairs }

    package var logFields: LogFields { self }

    mutating func append(_ name: String, _ value: Value) { pairs.append((name, value)) }

    mutating func append(_ other: LogFields) { pairs += other.pairs }

    /// These and one more, if there is a value.
    func with(_ name: String, _ text: String?) -> LogFields {
        var copy = self
        if let text { copy.append(name, .text(text)) }
        return copy
    }

    /// A JSON object on one line.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in pairs {
            Array(name.utf8).withUnsafeBufferPointer { writer.key($0) }
            switch value {
            case .text(let text): Array(text.utf8).withUnsafeBufferPointer { writer.appendString($0) }
            case .number(let number): writer.appendInt(number)
            }
        }
        writer.endObject()
        return writer.finish()
    }
}

extension Resource: LogSubject {
    package var logFields: LogFields {
        LogFields([("resource", .text(name)), ("dest", .text(destination))])
    }
}

extension ResourceError: LogSubject {
    package var logFields: LogFields {
        var fields = LogFields([("file", .text(file))])
        if let position {
            fields.append("line", .number(position.line))
            fields.append("column", .number(position.column))
        }
        return fields.with("hint", hint)
    }
}

extension SettingsError: LogSubject {
    package var logFields: LogFields {
        var fields = LogFields().with("file", place?.file)
        if let place {
            fields.append("line", .number(place.line))
            fields.append("column", .number(place.column))
        }
        return fields.with("hint", hint)
    }
}

extension BackendConfiguration: LogSubject {
    package var logFields: LogFields {
        LogFields([("backend", .text(kind.rawValue))])
    }
}
