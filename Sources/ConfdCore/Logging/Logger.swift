import Posix
import Synchronization

/// Writes log lines in the form of confd 0.17: `2026-11-21T09:39:30Z host /usr/bin/confd[1925]: INFO message`.
///
/// Only Pipeline, Daemon and the program log; libraries return errors. Values, passwords and tokens never
/// reach a message.
package final class Logger: Sendable {
    private let level: LogLevel
    private let host: String
    private let tag: String
    private let sink: @Sendable ([UInt8]) -> Void
    private let time: @Sendable () -> String
    private let writing = Mutex(())

    /// `tag` is the program as it was called; `sink` takes one whole line at a time.
    package init(
        level: LogLevel, tag: String, host: String,
        time: @escaping @Sendable () -> String = { Clock.rfc3339(Clock.wall()) },
        sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.level = level
        self.tag = tag
        self.host = host
        self.time = time
        self.sink = sink
    }

    package func debug(_ message: @autoclosure () -> String) { log(.debug, "DEBUG", message) }
    package func info(_ message: @autoclosure () -> String) { log(.info, "INFO", message) }
    package func warning(_ message: @autoclosure () -> String) { log(.warning, "WARNING", message) }
    package func error(_ message: @autoclosure () -> String) { log(.error, "ERROR", message) }
    package func fatal(_ message: @autoclosure () -> String) { log(.fatal, "FATAL", message) }

    private func log(_ level: LogLevel, _ name: String, _ message: () -> String) {
        guard level >= self.level else { return }
        let line = "\(time()) \(host) \(tag)[\(CurrentProcess.id)]: \(name) \(message())\n"
        writing.withLock { _ in sink(Array(line.utf8)) }
    }
}
