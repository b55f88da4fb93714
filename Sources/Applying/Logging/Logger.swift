import Configuration
import Diagnostics
import Posix
import Synchronization

/// Writes log lines, in the form of confd 0.17 (`2026-11-21T09:39:30Z host /usr/bin/confd[1925]: INFO message`), in that
/// of systemd's journal (`<6>INFO message`) or as JSON objects. Warnings, errors and notices that repeat are held back
/// (`RepeatLimiter`).
///
/// A message is always one line: characters that are not printable are escaped here, and only here. The subject's
/// excerpt of a file and its hint follow on lines of their own.
///
/// Only the applier, the engine and the program log; libraries return errors. Values, passwords and tokens never
/// reach a message.
package final class Logger: Sendable {
    private struct State {
        var repeats = RepeatLimiter()
        /// Whether the terminal's last line is a progress line.
        var showsProgress = false
        /// Entries that were not handed to the sink yet.
        var queue = LogQueue()
        /// Whether a thread is handing entries to the sink, or is about to.
        var isWriting = false
        /// Whether that thread has done its share, and the next one that logs is to go on.
        var wantsRelief = false
        /// How many threads wait to go on.
        var successors = 0

        /// What a thread has to do for the entries that wait, its own among them.
        mutating func duty() -> Duty {
            guard isWriting else {
                isWriting = true
                return .write
            }
            guard wantsRelief || queue.count > Logger.mostWaiting else { return .nothing }
            wantsRelief = false
            successors += 1
            return .goOn
        }

        /// The next entry for the thread that writes and has handed on `written` of them; nil when it is done: there is none, or
        /// another thread goes on.
        mutating func next(after written: Int) -> Next {
            if written >= Logger.share {
                if successors > 0 { return .relieved }
                wantsRelief = true
            }
            if let entry = queue.take() { return .entry(entry) }
            isWriting = false
            wantsRelief = false
            return .empty
        }
    }

    private enum Duty { case nothing, write, goOn }

    private enum Next {
        case entry([UInt8])
        case empty
        case relieved
    }

    /// With more entries than this waiting for a slow sink, threads that log wait too.
    private static let mostWaiting = 1_000

    /// A thread that has written this many entries is relieved by the next one that logs.
    private static let share = 100

    private let level: LogLevel
    private let format: LogFormat
    private let isJournal: Bool
    private let host: String
    private let tag: String
    private let sink: @Sendable ([UInt8]) -> Void
    private let time: @Sendable (LogFormat) -> String
    private let state = Mutex(State())
    /// Held while entries are handed to the sink.
    private let writing = Mutex(())

    /// `tag` is the program as it was called; `sink` takes one whole entry at a time. With `isJournal`, text lines have a
    /// priority, and leave time, host and process to the journal that reads them.
    package init(
        level: LogLevel, format: LogFormat = .text, isJournal: Bool = false, tag: String, host: String,
        time: @escaping @Sendable (LogFormat) -> String = Logger.now,
        sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.level = level
        self.format = format
        self.isJournal = isJournal
        self.tag = tag
        self.host = host
        self.time = time
        self.sink = sink
    }

    /// The local time: whole seconds in text lines, as confd 0.17 has them, and milliseconds in JSON.
    package static func now(_ format: LogFormat) -> String {
        format == .json ? Clock.rfc3339WithMilliseconds(Clock.wall()) : Clock.rfc3339(Clock.wall())
    }

    package func debug(_ message: @autoclosure () -> String, _ subject: (any LogSubject)? = nil) {
        log(.debug, message, subject)
    }

    package func info(_ message: @autoclosure () -> String, _ subject: (any LogSubject)? = nil) {
        log(.info, message, subject)
    }

    /// As `info`, for messages that a loop may repeat: held back as warnings are.
    package func notice(_ message: @autoclosure () -> String, _ subject: (any LogSubject)? = nil) {
        log(.info, message, subject, holdsBack: true)
    }

    package func warning(_ message: @autoclosure () -> String, _ subject: (any LogSubject)? = nil) {
        log(.warning, message, subject, holdsBack: true)
    }

    /// `change` is the number of the change that failed, if the error is about one: the same message about another
    /// change is not a repetition.
    package func error(
        _ message: @autoclosure () -> String, _ subject: (any LogSubject)? = nil, change: Int = 0
    ) {
        log(.error, message, subject, holdsBack: true, change: change)
    }

    package func fatal(_ message: @autoclosure () -> String, _ subject: (any LogSubject)? = nil) {
        log(.fatal, message, subject)
    }

    private func log(
        _ level: LogLevel, _ message: () -> String, _ subject: (any LogSubject)?, holdsBack: Bool = false,
        change: Int = 0
    ) {
        guard level >= self.level else { return }
        let message = PrintableText.bounded(message())
        // Made outside the lock: several threads log.
        let line = holdsBack ? [] : line(level, message, subject)
        state.withLock { state in
            guard holdsBack else { return add(line, &state) }
            let held = RepeatLimiter.Line(level: level, message: message, change: change)
            guard let count = state.repeats.admit(held, about: subject?.logFields, at: Clock.monotonic()) else {
                return
            }
            add(self.line(level, message, subject, Repetitions(count: count)), &state)
        }
        write()
    }

    private func add(_ line: [UInt8], _ state: inout State) {
        if state.showsProgress {
            state.showsProgress = false
            state.queue.add(Progress.erasure)
        }
        state.queue.add(line)
    }

    /// Hands the entries that wait to the sink. If another thread is doing that, it takes these too, for the sink may be slow;
    /// after 100 entries it is relieved by the next thread that logs.
    private func write() {
        switch state.withLock({ $0.duty() }) {
        case .nothing: break
        case .write: handOn()
        case .goOn: handOn(isSuccessor: true)
        }
    }

    /// Hands entries to the sink; returns whether there are no more, or another thread goes on.
    @discardableResult
    private func handOn(isSuccessor: Bool = false) -> Bool {
        writing.withLock { _ in
            if isSuccessor { state.withLock { $0.successors -= 1 } }
            var written = 0
            while true {
                switch state.withLock({ $0.next(after: written) }) {
                case .entry(let entry): sink(entry)
                case .empty: return true
                case .relieved: return false
                }
                written += 1
            }
        }
    }

    /// How many entries were not handed to the sink yet.
    var waiting: Int { state.withLock { $0.queue.count } }

    private func line(
        _ level: LogLevel, _ message: String, _ subject: (any LogSubject)?, _ repetitions: Repetitions = Repetitions()
    ) -> [UInt8] {
        switch format {
        case .text:
            let fields = subject?.logFields
            var lines = ["\(header)\(level.label) \(PrintableText.line(message))\(repetitions.text)"]
            lines += fields?.excerpt?.split(separator: "\n").map(PrintableText.excerptLine) ?? []
            if let hint = fields?.hint { lines.append("hint: \(PrintableText.line(PrintableText.bounded(hint)))") }
            let prefix = isJournal ? "<\(level.priority)>" : ""
            return Array(lines.map { "\(prefix)\($0)\n" }.joined().utf8)
        case .json:
            var fields = LogFields([("time", .text(time(format))), ("level", .text(level.label))])
            fields.append("msg", .text(message))
            if repetitions.count > 0 { fields.append("repeated", .number(repetitions.count)) }
            if let subject { fields.append(subject.logFields) }
            if let seconds = repetitions.secondsAgo { fields.append("last_seconds_ago", .number(seconds)) }
            return fields.json + [UInt8(ascii: "\n")]
        }
    }

    /// The start of a text line, in the form of confd 0.17; empty for the journal.
    private var header: String {
        isJournal ? "" : PrintableText.line("\(time(format)) \(host) \(tag)[\(CurrentProcess.id)]: ")
    }

    /// Writes the lines that are held back, and waits until all that was logged is written. Call it before the process ends.
    package func finish() {
        state.withLock { state in
            // That a backend answers again is no news at the end.
            for held in state.repeats.takeHeldBack(at: Clock.monotonic()) where held.line.level >= .warning {
                let repetitions = Repetitions(count: held.count, age: held.age)
                state.queue.add(line(held.line.level, held.line.message, held.subject, repetitions))
            }
        }
        while !handOn() {}
    }

    /// Shows `text` as the terminal's last line in place of an earlier one; an empty `text` removes that.
    func showProgress(_ text: String) {
        state.withLock { state in
            if state.showsProgress { state.queue.add(Progress.erasure) }
            state.showsProgress = !text.isEmpty
            if !text.isEmpty { state.queue.add(Array(text.utf8)) }
        }
        write()
    }
}

/// How often a line was held back, and how long ago for the last time: at the end of the process its cause may be long gone.
private struct Repetitions {
    var count = 0
    var age = Duration.zero

    /// Nil for what has just been.
    var secondsAgo: Int? { age < .seconds(10) ? nil : Int(age.components.seconds) }

    var text: String {
        if count == 0 { return "" }
        let times = count == 1 ? "once" : "\(count) times"
        let last = secondsAgo.map { ", last \(GoDuration.text(.seconds($0))) ago" } ?? ""
        return " (repeated \(times)\(last))"
    }
}

extension LogLevel {
    /// The level in text and JSON lines, as confd 0.17 prints it.
    var label: String {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .fatal: "FATAL"
        }
    }

    /// The level's number in syslog and systemd's journal (`sd-daemon(3)`).
    fileprivate var priority: Int {
        switch self {
        case .debug: 7
        case .info: 6
        case .warning: 4
        case .error: 3
        case .fatal: 2
        }
    }
}
