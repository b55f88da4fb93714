import Testing

@testable import Applying
@testable import ConfdCore

@Suite struct ReminderTests {
    @Test func pausesDoubleUpToAMinute() {
        var schedule = ReminderSchedule(from: .zero)
        var given: [Int64] = []
        for second in 0..<300 where schedule.isDue(at: .seconds(second), "a key") { given.append(Int64(second)) }
        #expect(given == [5, 15, 35, 75, 135, 195, 255])
    }

    /// Found by the tests under ThreadSanitizer: a look shortly before a reminder was due put it off by five seconds.
    @Test func looksAreNotRemindersMissed() {
        var schedule = ReminderSchedule(from: .zero)
        let given = [6, 15, 16].filter { schedule.isDue(at: .seconds($0), "a key") }
        #expect(given == [6, 16])
    }

    /// Found by a newcomer: once the pause was a minute, a new reason was logged only a minute after the last reminder.
    @Test func somethingElseIsNamedSooner() {
        var schedule = ReminderSchedule(from: .zero)
        var given: [Int64] = []
        for second in 0..<300 where schedule.isDue(at: .seconds(second), second < 140 ? "a key" : "another key") {
            given.append(Int64(second))
        }
        #expect(given == [5, 15, 35, 75, 135, 150, 210, 270])
    }

    @Test func nothingIsNamedWhereNothingIsWaitedFor() {
        var schedule = ReminderSchedule(from: .zero)
        #expect(!schedule.isDue(at: .seconds(5), nil) && schedule.isDue(at: .seconds(10), "a key"))
    }
}
