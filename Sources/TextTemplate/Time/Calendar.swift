/// The Gregorian calendar, extended to all years, as Go's `time` reckons it.
enum Calendar {
    static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]

    static let weekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// The text of `Month.String`; months count from 1.
    static func monthText(_ month: Int) -> String {
        (1...12).contains(month) ? monthNames[month - 1] : "%!Month(\(UInt64(bitPattern: Int64(month))))"
    }

    /// The text of `Weekday.String`; days count from Sunday, 0.
    static func weekdayText(_ day: Int) -> String {
        (0...6).contains(day) ? weekdayNames[day] : "%!Weekday(\(UInt64(bitPattern: Int64(day))))"
    }
}
