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
        let line = "\(time()) \(host) \(tag)[\(CurrentProcess.id)]: \(name) \(message())"
        writing.withLock { _ in sink(Self.printable(Array(line.utf8)) + [UInt8(ascii: "\n")]) }
    }

    /// `line` without what could upset a terminal: what commands write is shown with control characters as `\x1b`.
    private static func printable(_ line: [UInt8]) -> [UInt8] {
        let isControl = { (byte: UInt8) in
            byte < 0x20 && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\t") || byte == 0x7F
        }
        guard line.contains(where: isControl) else { return line }
        let digits = Array("0123456789abcdef".utf8)
        return line.flatMap { byte in
            isControl(byte) ? Array("\\x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]] : [byte]
        }
    }
}
