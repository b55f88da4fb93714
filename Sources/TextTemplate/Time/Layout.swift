/// The layouts of `Time.Format`: the reference time `Mon Jan 2 15:04:05 MST 2006` in the wanted form.
enum Layout {
    /// A piece of a layout that stands for a part of the time.
    enum Chunk: Equatable {
        case monthName, monthShort, month, monthZero
        case weekdayName, weekdayShort
        case day, daySpace, dayZero, yearDaySpace, yearDayZero
        case hour, hour12, hour12Zero, minute, minuteZero, second, secondZero
        case year, yearShort
        case upperHalf, lowerHalf
        case zoneName
        /// A numeric offset. `usesZ`: `Z` for UTC.
        case offset(usesZ: Bool, colons: Bool, minutes: Bool, seconds: Bool)
        /// Decimals of the second behind `separator`. `trims`: no zeros at the end.
        case fraction(digits: Int, separator: UInt8, trims: Bool)
    }

    /// The texts that chunks have in layouts; of two that begin alike, the longer comes first, but
    /// for `-070000`, `Z070000`, which Go tries before `-07:00:00`, `Z07:00:00`.
    private static let texts: [(text: StaticString, chunk: Chunk)] = [
        ("January", .monthName), ("Jan", .monthShort), ("01", .monthZero),
        ("Monday", .weekdayName), ("Mon", .weekdayShort), ("MST", .zoneName),
        ("2006", .year), ("06", .yearShort),
        ("2", .day), ("_2", .daySpace), ("02", .dayZero), ("__2", .yearDaySpace), ("002", .yearDayZero),
        ("15", .hour), ("1", .month), ("3", .hour12), ("03", .hour12Zero), ("4", .minute), ("04", .minuteZero),
        ("5", .second), ("05", .secondZero), ("PM", .upperHalf), ("pm", .lowerHalf),
        ("-070000", .offset(usesZ: false, colons: false, minutes: true, seconds: true)),
        ("-07:00:00", .offset(usesZ: false, colons: true, minutes: true, seconds: true)),
        ("-0700", .offset(usesZ: false, colons: false, minutes: true, seconds: false)),
        ("-07:00", .offset(usesZ: false, colons: true, minutes: true, seconds: false)),
        ("-07", .offset(usesZ: false, colons: false, minutes: false, seconds: false)),
        ("Z070000", .offset(usesZ: true, colons: false, minutes: true, seconds: true)),
        ("Z07:00:00", .offset(usesZ: true, colons: true, minutes: true, seconds: true)),
        ("Z0700", .offset(usesZ: true, colons: false, minutes: true, seconds: false)),
        ("Z07:00", .offset(usesZ: true, colons: true, minutes: true, seconds: false)),
        ("Z07", .offset(usesZ: true, colons: false, minutes: false, seconds: false)),
    ]

    /// The texts by their first byte.
    private static let textsByByte: [[(text: StaticString, chunk: Chunk)]] = {
        var table = [[(text: StaticString, chunk: Chunk)]](repeating: [], count: 256)
        for entry in texts { table[Int(entry.text.utf8Start[0])].append(entry) }
        return table
    }()

    /// The chunk at the front of `layout` and its length; nil if the first byte stands for itself.
    static func chunk(of layout: UnsafeBufferPointer<UInt8>.SubSequence) -> (chunk: Chunk, length: Int)? {
        guard let first = layout.first else { return nil }
        if first == UInt8(ascii: ".") || first == UInt8(ascii: ",") { return fraction(of: layout) }
        for (text, chunk) in textsByByte[Int(first)] {
            let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            guard layout.starts(with: bytes) else { continue }
            let rest = layout.dropFirst(bytes.count)
            switch chunk {
            case .monthShort, .weekdayShort:
                // "Janet" and "Money" are words.
                if let next = rest.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(next) { continue }
            case .daySpace:
                // "_2006" is an underscore and the year.
                if rest.starts(with: "006".utf8) { continue }
            default:
                break
            }
            return (chunk, bytes.count)
        }
        return nil
    }

    /// Zeros or nines behind a point or comma, if no other digit follows them.
    private static func fraction(
        of layout: UnsafeBufferPointer<UInt8>.SubSequence
    ) -> (chunk: Chunk, length: Int)? {
        let separator = layout[layout.startIndex]
        let digits = layout.dropFirst()
        guard let digit = digits.first, digit == UInt8(ascii: "0") || digit == UInt8(ascii: "9") else { return nil }
        let rest = digits.drop { $0 == digit }
        if let next = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { return nil }
        let count = digits.count - rest.count
        // Go keeps the number of digits in twelve bits.
        return (
            .fraction(digits: count & 0xFFF, separator: separator, trims: digit == UInt8(ascii: "9")), count + 1
        )
    }
}

/// Writes a time by a layout.
struct LayoutWriter {
    private let time: Time
    private let date: Calendar.Date
    private let second: Int
    private let zone: Time.Location.Zone

    init(_ time: Time) {
        self.time = time
        date = time.date
        second = time.secondOfDay
        zone = time.zone
    }

    func write(_ layout: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        var rest = layout[...]
        while let first = rest.first {
            if let (chunk, length) = Layout.chunk(of: rest) {
                append(chunk, into: &output)
                rest = rest.dropFirst(length)
            } else {
                output.append(first)
                rest = rest.dropFirst()
            }
        }
    }

    private func append(_ chunk: Layout.Chunk, into output: inout [UInt8]) {
        let hour = second / 3_600
        let hour12 = hour % 12 == 0 ? 12 : hour % 12
        func append(_ number: Int, _ width: Int = 0) { LayoutWriter.append(number, width: width, into: &output) }
        func append(_ text: some StringProtocol) { output.append(contentsOf: text.utf8) }
        func pad(_ number: Int, below limit: Int) { if number < limit { append(" ") } }
        switch chunk {
        case .monthName: append(Calendar.monthText(date.month))
        case .monthShort: append(Calendar.monthText(date.month).prefix(3))
        case .month: append(date.month)
        case .monthZero: append(date.month, 2)
        case .weekdayName: append(Calendar.weekdayText(time.weekday))
        case .weekdayShort: append(Calendar.weekdayText(time.weekday).prefix(3))
        case .day: append(date.day)
        case .daySpace:
            pad(date.day, below: 10)
            append(date.day)
        case .dayZero: append(date.day, 2)
        case .yearDaySpace:
            pad(date.yearDay, below: 100)
            pad(date.yearDay, below: 10)
            append(date.yearDay)
        case .yearDayZero: append(date.yearDay, 3)
        case .hour: append(hour, 2)
        case .hour12: append(hour12)
        case .hour12Zero: append(hour12, 2)
        case .minute: append(second / 60 % 60)
        case .minuteZero: append(second / 60 % 60, 2)
        case .second: append(second % 60)
        case .secondZero: append(second % 60, 2)
        case .year: append(date.year, 4)
        case .yearShort: append(abs(date.year % 100), 2)
        case .upperHalf: append(hour >= 12 ? "PM" : "AM")
        case .lowerHalf: append(hour >= 12 ? "pm" : "am")
        case .zoneName:
            if zone.abbreviation.isEmpty {
                appendOffset(colons: false, minutes: true, seconds: false, into: &output)
            } else {
                zone.abbreviation.withBytes { output.append(contentsOf: $0) }
            }
        case .offset(let usesZ, let colons, let minutes, let seconds):
            if usesZ && zone.offset == 0 {
                append("Z")
            } else {
                appendOffset(colons: colons, minutes: minutes, seconds: seconds, into: &output)
            }
        case .fraction(let digits, let separator, let trims):
            appendFraction(digits, separator, trims: trims, into: &output)
        }
    }

    private func appendOffset(colons: Bool, minutes: Bool, seconds: Bool, into output: inout [UInt8]) {
        let total = zone.offset / 60
        // Go takes the sign from the minutes, so that less than one minute west counts as east.
        output.append(total < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        LayoutWriter.append(abs(total) / 60, width: 2, into: &output)
        if minutes {
            if colons { output.append(UInt8(ascii: ":")) }
            LayoutWriter.append(abs(total) % 60, width: 2, into: &output)
        }
        if seconds {
            if colons { output.append(UInt8(ascii: ":")) }
            let rest = (total < 0 ? -zone.offset : zone.offset) % 60
            LayoutWriter.append(rest, width: 2, into: &output)
        }
    }

    private func appendFraction(_ digits: Int, _ separator: UInt8, trims: Bool, into output: inout [UInt8]) {
        if trims && (digits == 0 || time.nanoseconds == 0) { return }
        output.append(separator)
        LayoutWriter.append(time.nanoseconds, width: 9, into: &output)
        output.removeLast(max(0, 9 - digits))
        guard trims else { return }
        while output.last == UInt8(ascii: "0") { output.removeLast() }
        if output.last == separator { output.removeLast() }
    }

    /// Appends `number` with zeros in front up to `width` digits; a minus sign comes on top of them.
    static func append(_ number: Int, width: Int, into output: inout [UInt8]) {
        if number < 0 { output.append(UInt8(ascii: "-")) }
        DecimalText.withDigits(of: UInt64(number.magnitude)) { digits in
            output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, width - digits.count)))
            output.append(contentsOf: digits)
        }
    }
}

extension Time {
    /// The time as `layout` wants it, as `Time.Format`.
    func format(_ layout: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        LayoutWriter(self).write(layout, into: &output)
        return output
    }

    func format(_ layout: StaticString) -> [UInt8] {
        format(UnsafeBufferPointer(start: layout.utf8Start, count: layout.utf8CodeUnitCount))
    }
}
