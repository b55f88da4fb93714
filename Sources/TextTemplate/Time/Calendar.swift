/// The Gregorian calendar, extended to all years, as Go's `time` reckons it.
///
/// Days and seconds are counted from March 1 of a year long ago, so that they are not negative; with
/// years that begin in March, the leap day is the last of the year. Beyond the range of 64 bits the
/// arithmetic wraps around, as Go's does.
enum Calendar {
    /// Seconds of January 1, 1970 since the calendar's first day.
    static let unixEpoch = 9_223_372_028_741_760_000

    static let secondsPerDay = 86_400

    /// The first year of the calendar is this many years before year 0. A multiple of 400.
    private static let yearsBefore: UInt64 = 292_277_022_400
    private static let daysPer400Years: UInt64 = 146_097
    private static let daysPer4Years: UInt64 = 1_461
    private static let daysFromMarchToDecember = 306

    /// A day in the parts that people use.
    struct Date {
        let year: Int
        /// 1…12
        let month: Int
        /// 1…31
        let day: Int
        /// 1…366
        let yearDay: Int
    }

    /// The date of the day with that number.
    static func date(ofDay days: UInt64) -> Date {
        let quarters = 4 * days + 3
        let century = quarters / daysPer400Years
        let dayOfCentury = quarters % daysPer400Years / 4
        let yearOfCentury = (4 * dayOfCentury + 3) / daysPer4Years
        let dayOfYear = Int((4 * dayOfCentury + 3) % daysPer4Years / 4)
        // The lengths of the months from March on repeat every five: 31 30 31 30 31, 153 in all.
        let monthOfYear = (5 * dayOfYear + 2) / 153
        let isNextYear = dayOfYear >= daysFromMarchToDecember
        let year = Int(bitPattern: UInt(century * 100 &+ yearOfCentury &- yearsBefore)) + (isNextYear ? 1 : 0)
        let january = isNextYear ? -daysFromMarchToDecember : 59 + (isLeap(year) ? 1 : 0)
        return Date(
            year: year, month: isNextYear ? monthOfYear - 9 : monthOfYear + 3,
            day: dayOfYear - (153 * monthOfYear + 2) / 5 + 1, yearDay: dayOfYear + january + 1)
    }

    /// The number of the day with that date; a month or day out of its range runs over into the next.
    static func day(year: Int, month: Int, day: Int) -> UInt64 {
        var (years, month) = (month &- 1).quotientAndRemainder(dividingBy: 12)
        if month < 0 {
            month += 12
            years -= 1
        }
        // Counted from March, January and February belong to the year before.
        let monthOfYear = month < 2 ? month + 10 : month - 2
        let year = UInt64(bitPattern: Int64(year &+ years &- (month < 2 ? 1 : 0))) &+ yearsBefore
        let century = year / 100
        let beforeYear = daysPer4Years * (year % 100) / 4
        let beforeMonth = UInt64((153 * monthOfYear + 2) / 5)
        return daysPer400Years &* century / 4 &+ beforeYear &+ beforeMonth
            &+ UInt64(bitPattern: Int64(day)) &- 1
    }

    /// The day of the week, 0 for Sunday; the calendar begins on a Wednesday.
    static func weekday(ofDay days: UInt64) -> Int {
        Int((days &+ 3) % 7)
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

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
