extension Parser {
    /// Whether a word is meant as a date or time: digits, then `-` or `:`.
    func looksLikeDateTime(_ word: Range<Int>) -> Bool {
        guard let mark = bytes[word].firstIndex(where: { !Byte.isDigit($0) }), mark > word.lowerBound else {
            return false
        }
        return bytes[mark] == Byte.minus || bytes[mark] == Byte.colon
    }

    /// date-time = date [ ( "T" / "t" / space ) time [ offset ] ] / time
    mutating func dateTime(_ word: Range<Int>) throws(TOMLError) -> TOMLValue.Kind {
        var reader = DateTimeReader(word: withSpacedTime(word), index: word.lowerBound)
        defer { index = reader.word.upperBound }
        guard reader.word.count > 2, bytes[reader.index + 2] != Byte.colon else {
            let time = try time(&reader)
            guard reader.isAtEnd else { throw malformed(reader) }
            return .localTime(time)
        }
        let date = try date(&reader)
        if reader.isAtEnd { return .localDate(date) }
        let separator = bytes[reader.index]
        guard separator == Byte.space || separator | 0x20 == UInt8(ascii: "t") else { throw malformed(reader) }
        reader.index += 1
        let text = date + "T" + (try time(&reader))
        if reader.isAtEnd { return .localDateTime(text) }
        return .offsetDateTime(text + (try offset(&reader)))
    }

    /// A space may stand between date and time: where a digit follows, the next word belongs to the date.
    private func withSpacedTime(_ word: Range<Int>) -> Range<Int> {
        let next = word.upperBound + 1
        guard word.count == 10, next < bytes.count, bytes[word.upperBound] == Byte.space,
            Byte.isDigit(bytes[next])
        else { return word }
        return word.lowerBound..<self.word(from: next).upperBound
    }

    /// full-date = 4digit "-" 2digit "-" 2digit
    private mutating func date(_ reader: inout DateTimeReader) throws(TOMLError) -> String {
        let start = reader.index
        let year = try digits(4, &reader)
        try punctuation(Byte.minus, &reader)
        let month = try field(.month, 1...12, &reader)
        try punctuation(Byte.minus, &reader)
        _ = try field(.day, 1...Self.days(inMonth: month, ofYear: year), &reader)
        return String(decoding: bytes[start..<reader.index], as: UTF8.self)
    }

    /// partial-time = 2digit ":" 2digit ":" 2digit [ "." 1*digit ]. Second 60 is a leap second, as in RFC 3339.
    private mutating func time(_ reader: inout DateTimeReader) throws(TOMLError) -> String {
        let start = reader.index
        _ = try field(.hour, 0...23, &reader)
        try punctuation(Byte.colon, &reader)
        _ = try field(.minute, 0...59, &reader)
        try punctuation(Byte.colon, &reader)
        _ = try field(.second, 0...60, &reader)
        if !reader.isAtEnd && bytes[reader.index] == Byte.dot {
            reader.index += 1
            _ = try digits(1, &reader)
            while !reader.isAtEnd && Byte.isDigit(bytes[reader.index]) { reader.index += 1 }
        }
        return String(decoding: bytes[start..<reader.index], as: UTF8.self)
    }

    /// time-offset = "Z" / "z" / ( "+" / "-" ) 2digit ":" 2digit
    private mutating func offset(_ reader: inout DateTimeReader) throws(TOMLError) -> String {
        let start = reader.index
        reader.index += 1
        if bytes[start] | 0x20 == UInt8(ascii: "z") && reader.isAtEnd { return "Z" }
        guard bytes[start] == Byte.plus || bytes[start] == Byte.minus else { throw malformed(reader) }
        _ = try field(.offsetHour, 0...23, &reader)
        try punctuation(Byte.colon, &reader)
        _ = try field(.offsetMinute, 0...59, &reader)
        guard reader.isAtEnd else { throw malformed(reader) }
        return String(decoding: bytes[start..<reader.index], as: UTF8.self)
    }

    private static func days(inMonth month: Int, ofYear year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        default: 31
        }
    }
}

// MARK: - Parts

extension Parser {
    /// The place in a word that is read as a date or time.
    private struct DateTimeReader {
        let word: Range<Int>
        var index: Int

        var isAtEnd: Bool { index == word.upperBound }
    }

    private mutating func malformed(_ reader: DateTimeReader) -> TOMLError {
        error(.notADateTime(text(reader.word)), at: reader.word.lowerBound)
    }

    private mutating func digits(_ count: Int, _ reader: inout DateTimeReader) throws(TOMLError) -> Int {
        var value = 0
        for _ in 0..<count {
            guard !reader.isAtEnd, Byte.isDigit(bytes[reader.index]) else { throw malformed(reader) }
            value = value * 10 + Int(bytes[reader.index] - UInt8(ascii: "0"))
            reader.index += 1
        }
        return value
    }

    private mutating func field(
        _ field: TOMLError.DateTimeField, _ range: ClosedRange<Int>, _ reader: inout DateTimeReader
    ) throws(TOMLError) -> Int {
        let start = reader.index
        let value = try digits(2, &reader)
        guard range.contains(value) else { throw error(.dateTimeRange(field, value, range), at: start) }
        return value
    }

    private mutating func punctuation(_ byte: UInt8, _ reader: inout DateTimeReader) throws(TOMLError) {
        guard !reader.isAtEnd, bytes[reader.index] == byte else { throw malformed(reader) }
        reader.index += 1
    }
}
