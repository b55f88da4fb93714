/// How much is logged; a level shows itself and all above it.
package enum LogLevel: Int, Comparable, Sendable {
    case debug, info, warning, error, fatal

    /// The level of a name of confd 0.17 (logrus) or the fork, in any case; nil if there is none.
    package init?(name: String) {
        switch name.lowercased() {
        case "trace", "debug": self = .debug
        case "info", "": self = .info
        case "warn", "warning": self = .warning
        case "error": self = .error
        case "fatal", "panic": self = .fatal
        default: return nil
        }
    }

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
