import Testing

@testable import Applying
@testable import ConfdCore

@Suite struct ReminderTests {
    @Test func pausesDoubleUpToAMinute() {
        var schedule = ReminderSchedule(from: .zero)
        var given: [Int64] = []
        for second in 0..<300 where schedule.isDue(at: .seconds(second)) { given.append(Int64(second)) }
        #expect(given == [5, 15, 35, 75, 135, 195, 255])
    }
}
