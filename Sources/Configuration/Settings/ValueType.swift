import Diagnostics
import TOML

/// A type of value, as errors tell them apart.
package enum ValueType: Equatable, Sendable {
    case string, integer, float, boolean, time, array, table
    /// An array of strings.
    case strings
    /// A string for the shell, or an array of strings.
    case command
    /// A string such as `1m30s`, or an integer.
    case duration
}

extension TOMLValue.Kind {
    var type: ValueType {
        switch self {
        case .string: .string
        case .integer: .integer
        case .float: .float
        case .boolean: .boolean
        case .offsetDateTime, .localDateTime, .localDate, .localTime: .time
        case .array: .array
        case .table: .table
        }
    }
}

extension Location {
    /// A place in a TOML file.
    init(_ file: String, _ position: TOMLPosition?) {
        self.init(file, line: position?.line, column: position?.column)
    }

    /// The line and column, nil for the file as a whole.
    var tomlPosition: TOMLPosition? {
        guard let line, let column else { return nil }
        return TOMLPosition(line: line, column: column)
    }
}
