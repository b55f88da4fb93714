import Synchronization
import Testing

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
}

@Suite struct LoggerTests {
    private func lines(_ format: LogFormat, _ body: (Logger) -> Void) -> [String] {
        let lines = Mutex<[String]>([])
        let logger = Logger(
            level: .info, format: format, tag: "confd", host: "host", time: { _ in "TIME" },
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
