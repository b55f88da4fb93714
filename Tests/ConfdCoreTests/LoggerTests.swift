import Backends
import Configuration
import Diagnostics
import Foundation
import Posix
import Registration
import Synchronization
import TestSupport
import Testing

@testable import Applying
@testable import ConfdCore

@Suite struct RepeatLimiterTests {
    private func line(_ text: String) -> RepeatLimiter.Line { RepeatLimiter.Line(level: .error, message: text) }

    /// A line that a loop repeats every second for an hour.
    @Test func aLoopIsBounded() {
        var limiter = RepeatLimiter()
        var passed: [(second: Int, heldBack: Int)] = []
        for second in 0..<3_600 {
            if let count = limiter.admit(line("ERROR x"), at: .seconds(second)) { passed.append((second, count)) }
        }
        #expect(passed.prefix(4).map(\.second) == [0, 1, 2, 12])
        #expect(passed.prefix(4).map(\.heldBack) == [0, 0, 0, 9])
        #expect(passed.count < 16)
        let said = passed.count + passed.reduce(0) { $0 + $1.heldBack }
        #expect(said > 3_000, "what is held back is counted")
    }

    @Test func othersPass() {
        var limiter = RepeatLimiter()
        for number in 0..<10 { #expect(limiter.admit(line("line \(number)"), at: .zero) == 0) }
        for _ in 0..<10 { _ = limiter.admit(line("loop"), at: .zero) }
        #expect(limiter.admit(line("loop"), at: .zero) == nil)
        #expect(limiter.admit(line("line 0"), at: .zero) == 0)
        // After a long silence it is news again.
        #expect(limiter.admit(line("loop"), at: .seconds(1_200)) == 0)
    }

    @Test func memoryIsBounded() {
        var limiter = RepeatLimiter()
        for round in 0..<3 { #expect(limiter.admit(line("old"), at: .seconds(round)) == 0) }
        #expect(limiter.admit(line("old"), at: .seconds(3)) == nil)
        for number in 0..<RepeatLimiter.capacity {
            #expect(limiter.admit(line("line \(number)"), at: .seconds(4)) == 0)
        }
        #expect(limiter.admit(line("old"), at: .seconds(5)) == 0, "it was forgotten")
    }

    /// Report: a reload was mended at 16:29; the lines held back of it came at the stop, at 17:48, as if it had just failed.
    @Test func theEndSaysHowLongAgoItWas() {
        var limiter = RepeatLimiter()
        for _ in 0..<6 { _ = limiter.admit(line("loop"), at: .seconds(5)) }
        let heldBack = limiter.takeHeldBack(at: .seconds(84))
        #expect(heldBack.map(\.count) == [3] && heldBack.map(\.age) == [.seconds(79)])
        #expect(limiter.takeHeldBack(at: .seconds(85)).isEmpty)
    }
}

/// Several threads that log.
@Suite struct LoggerThreadTests {
    /// A reader of the log that blocks at the first entry until `mayGo`.
    private final class Reader: Sendable {
        let entries = Mutex<[String]>([])
        let came = Semaphore()
        let mayGo = Semaphore()

        func take(_ bytes: [UInt8]) {
            let isFirst = entries.withLock { entries in
                entries.append(String(decoding: bytes, as: UTF8.self))
                return entries.count == 1
            }
            guard isFirst else { return }
            came.post()
            mayGo.wait()
        }

        var all: [String] { entries.withLock { $0 } }
    }

    private let reader = Reader()

    private func logger() -> Logger {
        Logger(level: .info, isJournal: true, tag: "confd", host: "host") { [reader] in reader.take($0) }
    }

    @Test func nobodyWaitsForASlowReader() throws {
        let logger = logger()
        let first = try Thread.start { logger.info("a") }
        reader.came.wait()
        logger.info("b")
        logger.info("c")
        #expect(reader.all == ["<6>INFO a\n"])
        reader.mayGo.post()
        logger.finish()
        #expect(reader.all == ["<6>INFO a\n", "<6>INFO b\n", "<6>INFO c\n"])
        first.join()
    }

    /// Found by reading: one thread wrote for all others as long as they logged.
    @Test func aThreadIsRelievedWhileOthersLog() throws {
        let isDone = Atomic(false)
        let log = Mutex<Logger?>(nil)
        let logger = Logger(level: .info, isJournal: true, tag: "confd", host: "host") { [reader] entry in
            reader.take(entry)
            // A slow reader: there is always one more entry.
            while !isDone.load(ordering: .acquiring), log.withLock({ $0?.waiting }) == 0 { sched_yield() }
        }
        log.withLock { $0 = logger }
        let first = try Thread.start {
            logger.info("first")
            isDone.store(true, ordering: .releasing)
        }
        reader.came.wait()
        // Two threads: while one waits to take over from the first, the other one keeps logging, which the slow reader needs.
        let others = try (0..<2).map { _ in
            try Thread.start { while !isDone.load(ordering: .acquiring) { logger.info("other") } }
        }
        reader.mayGo.post()
        let isRelieved = eventuallyBlocking { isDone.load(ordering: .acquiring) }
        #expect(isRelieved)
        isDone.store(true, ordering: .releasing)
        first.join()
        for other in others { other.join() }
        logger.finish()
        #expect(logger.waiting == 0)
        log.withLock { $0 = nil }
    }

    /// Found by reading: as long as there was an entry, those that were written kept their memory.
    @Test func whatIsWrittenIsFreed() {
        var queue = LogQueue()
        for number in 0..<10 { queue.add([UInt8(number)]) }
        for number in 10..<10_000 {
            queue.add([UInt8(truncatingIfNeeded: number)])
            #expect(queue.take() == [UInt8(truncatingIfNeeded: number - 10)])
            #expect(queue.count == 10 && queue.slots.count <= 21)
        }
        for _ in 0..<10 { #expect(queue.take() != nil) }
        #expect(queue.take() == nil && queue.slots.isEmpty)
    }

    @Test func noLineIsLost() throws {
        let logger = logger()
        reader.mayGo.post()
        let threads = try (0..<8).map { number in
            try Thread.start { for line in 0..<500 { logger.info("\(number) \(line)") } }
        }
        for thread in threads { thread.join() }
        logger.finish()
        let entries = reader.all
        #expect(entries.count == 4_000)
        for number in 0..<8 {
            let own = entries.filter { $0.hasPrefix("<6>INFO \(number) ") }
            #expect(own == (0..<500).map { "<6>INFO \(number) \($0)\n" })
        }
    }
}

@Suite struct LoggerTests {
    private let ownProcess = ProcessInfo.processInfo.processIdentifier

    private func lines(_ format: LogFormat, isJournal: Bool = false, _ body: (Logger) -> Void) -> [String] {
        let lines = Mutex<[String]>([])
        let logger = Logger(
            level: .info, format: format, isJournal: isJournal, tag: "confd", host: "host", time: { _ in "TIME" },
            sink: { bytes in lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } })
        body(logger)
        return lines.withLock { $0 }
    }

    @Test func jsonHasFields() {
        let shown = lines(.json) { logger in
            logger.debug("not shown")
            logger.info("a \"b\"\nc \u{1}", LogFields([("resource", .text("r.toml")), ("line", .number(3))]))
        }
        #expect(
            shown == [
                #"{"time":"TIME","level":"INFO","msg":"a \"b\"\nc \u0001","resource":"r.toml","line":3}"# + "\n"
            ])
    }

    private func explained(_ message: String) -> [String] {
        lines(.text) { logger in
            logger.error(message, LogFields().explained(excerpt: "\t{{ x }}\n\t   ^", hint: "say y"))
        }
    }

    @Test func excerptAndHintHaveLinesOfTheirOwn() {
        #expect(
            explained("a.tmpl:1:5: wrong") == [
                "TIME host confd[\(ownProcess)]: ERROR a.tmpl:1:5: wrong\n {{ x }}\n    ^\nhint: say y\n"
            ])
    }

    /// Found by reading: the hint of a store's error was in the message, with an escaped line feed.
    @Test(arguments: [LogFormat.text, .json])
    func reportsOfServicesHaveTheirHint(_ format: LogFormat) {
        let backend = BackendLayer.of(TestStore()).backend
        let shown = lines(format) { logger in
            logger.report(.unreachable(BackendError(.unreachable, "no", hint: "do")), backend)
        }
        let end =
            format == .text
            ? "WARNING services are neither registered nor kept alive: no\nhint: do\n"
            : #""msg":"services are neither registered nor kept alive: no","backend":"test","hint":"do"}"# + "\n"
        #expect(shown.count == 1 && shown[0].hasSuffix(end), "\(shown)")
    }

    /// A warning is given once, until so many others have followed that it is forgotten.
    @Test func warningsAreForgottenInTheEnd() {
        let shown = lines(.text) { logger in
            let warnings = WarningLog(logger)
            for _ in 0..<2 { warnings.give("first") }
            for number in 0..<WarningLog.capacity { warnings.give("\(number)") }
            for _ in 0..<2 { warnings.give("first") }
        }
        #expect(shown.count { $0.hasSuffix("first\n") } == 2 && shown.count == WarningLog.capacity + 2)
    }

    /// Under systemd the journal notes time, host and process.
    @Test func journalLinesHavePriorities() {
        let shown = lines(.text, isJournal: true) { logger in
            logger.info("one")
            logger.warning("two")
            logger.error("three\n<0>four", LogFields().explained(hint: "five"))
            logger.fatal("six")
        }
        #expect(
            shown == [
                "<6>INFO one\n", "<4>WARNING two\n", "<3>ERROR three\\n<0>four\n<3>hint: five\n", "<2>FATAL six\n",
            ])
    }

    /// Attack: a key's name that begins a line of its own, moves the cursor or reverses the direction of writing.
    @Test(
        arguments: [
            (
                "/a\n2026-11-21T09:39:30Z host confd[1]: INFO forged",
                #"/a\n2026-11-21T09:39:30Z host confd[1]: INFO forged"#
            ),
            ("a\r\tb", #"a\r\tb"#), ("\u{1B}[2J\u{7F}\u{0}", #"\x1b[2J\x7f\x00"#),
            ("\u{85}\u{9B}2J", #"\u0085\u009b2J"#),
            ("a\u{202E}b\u{2066}c\u{61C}", #"a\u202eb\u2066c\u061c"#), ("\u{2028}\u{2029}", #"\u2028\u2029"#),
            ("\u{E0041}", #"\U000e0041"#), ("größer 日本 🙂 \u{FFFD}", "größer 日本 🙂 \u{FFFD}"),
        ])
    func nothingForgesALine(_ message: String, _ shown: String) {
        #expect(lines(.text) { $0.info(message) } == ["TIME host confd[\(ownProcess)]: INFO \(shown)\n"])
    }

    /// Attack: the same in JSON. It parses to what it was.
    @Test func nothingUnprintableInJSON() {
        let shown = lines(.json) { $0.info("a\n\u{85}\u{202E}\u{7F}\u{E0041}b") }
        #expect(shown == [#"{"time":"TIME","level":"INFO","msg":"a\n\u0085\u202e\u007f\udb40\udc41b"}"# + "\n"])
    }

    /// Whatever bytes a message, a hint or an excerpt holds: text lines are printable, and JSON lines are objects whose
    /// strings are what was logged.
    @Test func randomBytesStayInTheirLine() throws {
        var random = SeededGenerator(seed: 258)
        // Half of the bytes are control characters, or begin one.
        let dangerous: [UInt8] = [0x00, 0x07, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x80, 0x85, 0x9B, 0xC2, 0xD8, 0xE2, 0xF3]
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : dangerous.randomElement()!
            }
            let message = String(decoding: bytes, as: UTF8.self)
            let subject = LogFields([("key", .text(message))]).explained(excerpt: message, hint: message)
            let text = lines(.text) { $0.error(message, subject) }.joined()
            let scalars = text.unicodeScalars
            #expect(scalars.allSatisfy { $0 == "\n" || PrintableText.isPrintable($0) }, "\(bytes)")
            let excerpts = message.split(separator: "\n").count
            #expect(scalars.filter { $0 == "\n" }.count == 1 + excerpts + 1, "\(bytes)")
            #expect(PrintableText.lines(bytes).allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x09 })

            let json = lines(.json) { $0.error(message, subject) }.joined()
            #expect(json.unicodeScalars.dropLast().allSatisfy(PrintableText.isPrintable), "\(bytes)")
            let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String]
            #expect(object?["msg"] == message && object?["key"] == message && object?["hint"] == message, "\(bytes)")
        }
    }

    /// Attack: a key's name of megabytes.
    @Test(arguments: [LogFormat.text, .json])
    func longMessagesAreCut(_ format: LogFormat) {
        let name = String(repeating: "k", count: 2 << 20)
        let shown = lines(format) { $0.error(name, LogFields([("key", .text(name))]).explained(hint: name)) }.joined()
        #expect(shown.utf8.count < 4 * PrintableText.limit && shown.contains("kk… (2023424 more bytes)"))
    }

    /// The count of repetitions that is logged at the end has the fields of the line.
    @Test func theLastRepetitionHasFields() {
        let shown = lines(.json) { logger in
            for _ in 0..<10 { logger.error("again", LogFields([("resource", .text("r.toml"))])) }
            logger.finish()
        }
        #expect(shown.last?.contains(#""repeated":7,"resource":"r.toml""#) == true)
    }

    /// Report: three changes with a reload that fails in the same way were one error, the others held back.
    @Test func errorsAboutAnotherChangeAreNoRepetitions() {
        let shown = lines(.text) { logger in
            for change in 1...10 {
                for _ in 0..<10 { logger.error("reload failed", change: change) }
            }
        }
        #expect(shown.count == 10 * RepeatLimiter.burst)
    }

    @Test(arguments: [LogFormat.text, .json])
    func errorsThatRepeatAreHeldBack(_ format: LogFormat) {
        let shown = lines(format) { logger in
            for _ in 0..<100 { logger.error("again") }
            for _ in 0..<100 { logger.info("as often as it happens") }
            logger.finish()
            logger.finish()
        }
        #expect(shown.count == RepeatLimiter.burst + 100 + 1)
        #expect(shown.last?.contains(format == .text ? "again (repeated 97 times)" : #""repeated":97"#) == true)
    }

    @Test func progressIsTakenAway() {
        let shown = lines(.text) { logger in
            logger.showProgress("reading (1 s)")
            logger.info("a line")
            logger.showProgress("reading (2 s)")
            logger.showProgress("")
        }
        #expect(
            shown.map { $0.contains("INFO") ? "line" : $0 } == [
                "reading (1 s)", "\r\u{1B}[K", "line", "reading (2 s)", "\r\u{1B}[K",
            ])
    }
}
