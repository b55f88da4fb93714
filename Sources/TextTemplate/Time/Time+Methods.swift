// The exported methods of time.Time that a template can reach.

extension Time {
    static let methods = MethodTable<Time>([
        .method("Add", .duration) { time, arguments in .object(time.adding(arguments.int(0))) },
        .method("AddDate", .int, .int, .int) { time, arguments in
            .object(
                time.addingDate(years: arguments.int(0), months: arguments.int(1), days: arguments.int(2)))
        },
        .method("After", .time) { time, arguments in .bool(time.compared(to: arguments.time(0)) > 0) },
        .method("AppendBinary", .bytes) { time, arguments throws(FunctionError) in
            arguments.bytes(0, followedBy: try time.binary())
        },
        .method("AppendFormat", .bytes, .string) { time, arguments in
            arguments.bytes(0, followedBy: arguments.string(1).withBytes { time.format($0) })
        },
        .method("AppendText", .bytes) { time, arguments throws(FunctionError) in
            arguments.bytes(0, followedBy: try time.strictText("AppendText"))
        },
        .method("Before", .time) { time, arguments in .bool(time.compared(to: arguments.time(0)) < 0) },
        .refused("Clock", "int", "int", "int"),
        .method("Compare", .time) { time, arguments in .int(time.compared(to: arguments.time(0))) },
        .refused("Date", "int", "time.Month", "int"),
        .method("Day") { time, _ in .int(time.date.day) },
        .method("Equal", .time) { time, arguments in .bool(time.compared(to: arguments.time(0)) == 0) },
        .method("Format", .string) { time, arguments in
            .string(ByteString(arguments.string(0).withBytes { time.format($0) }))
        },
        .method("GoString") { time, _ in .string(time.goDescription) },
        .method("GobEncode") { time, _ throws(FunctionError) in .bytes(try time.binary()) },
        .method("Hour") { time, _ in .int(time.secondOfDay / 3_600) },
        .refused("ISOWeek", "int", "int"),
        .method("In", .location) { time, arguments throws(FunctionError) in
            guard case .object(let location as Location) = arguments[0] else {
                throw FunctionError("time: missing Location in call to Time.In")
            }
            return .object(time.at(location))
        },
        .method("IsDST") { time, _ in .bool(time.zone.isDST) },
        .method("IsZero") { time, _ in .bool(time.isZero) },
        .method("Local") { time, _ in .object(time.at(time.local)) },
        .method("Location") { time, _ in .object(time.location) },
        .method("MarshalBinary") { time, _ throws(FunctionError) in .bytes(try time.binary()) },
        .method("MarshalJSON") { time, _ throws(FunctionError) in .bytes(try time.json()) },
        .method("MarshalText") { time, _ throws(FunctionError) in .bytes(try time.strictText("MarshalText")) },
        .method("Minute") { time, _ in .int(time.secondOfDay / 60 % 60) },
        .method("Month") { time, _ in .integer(.init(.month, time.date.month)) },
        .method("Nanosecond") { time, _ in .int(time.nanoseconds) },
        .method("Round", .duration) { time, arguments in .object(time.rounded(to: arguments.int(0))) },
        .method("Second") { time, _ in .int(time.secondOfDay % 60) },
        .method("String") { time, _ in .string(time.description ?? ByteString()) },
        .method("Sub", .time) { time, arguments in TimeSpan.value(time.subtracting(arguments.time(0))) },
        .method("Truncate", .duration) { time, arguments in .object(time.truncated(to: arguments.int(0))) },
        .method("UTC") { time, _ in .object(time.at(Location.utc)) },
        .method("Unix") { time, _ in .integer(.init(.int64, time.unixSeconds)) },
        .method("UnixMicro") { time, _ in time.unix(unitsPerSecond: 1_000_000) },
        .method("UnixMilli") { time, _ in time.unix(unitsPerSecond: 1_000) },
        .method("UnixNano") { time, _ in time.unix(unitsPerSecond: 1_000_000_000) },
        .method("Weekday") { time, _ in .integer(.init(.weekday, time.weekday)) },
        .method("Year") { time, _ in .int(time.date.year) },
        .method("YearDay") { time, _ in .int(time.date.yearDay) },
        .refused("Zone", "string", "int"),
        .refused("ZoneBounds", "time.Time", "time.Time"),
    ])

    private func unix(unitsPerSecond units: Int) -> Value {
        .integer(.init(.int64, unixSeconds &* units &+ nanoseconds / (TimeSpan.second / units)))
    }
}

// MARK: Encodings

extension Time {
    /// The time as a JSON string in the form of RFC 3339, as `Time.MarshalJSON`; fails for years
    /// beyond 0…9999 and for offsets of a day or more.
    public func json() throws(FunctionError) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        return [quote] + (try strictText("MarshalJSON")) + [quote]
    }

    fileprivate func strictText(_ method: String) throws(FunctionError) -> [UInt8] {
        guard (0...9_999).contains(date.year) else {
            throw FunctionError("Time.\(method): year outside of range [0,9999]")
        }
        guard (zone.offset / 3_600).magnitude < 24 else {
            throw FunctionError("Time.\(method): timezone hour outside of range [0,23]")
        }
        return format("2006-01-02T15:04:05.999999999Z07:00")
    }

    /// `Time.MarshalBinary`: a version, seconds, nanoseconds and the offset in minutes.
    fileprivate func binary() throws(FunctionError) -> [UInt8] {
        var minutes = -1
        var rest = 0
        if location !== Location.utc {
            (minutes, rest) = zone.offset.quotientAndRemainder(dividingBy: 60)
            guard minutes != -1, Int16(exactly: minutes) != nil else {
                throw FunctionError("Time.MarshalBinary: unexpected zone offset")
            }
        }
        var bytes: [UInt8] = [rest == 0 ? 1 : 2]
        func append(_ number: Int, bytes count: Int) {
            for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
        }
        append(seconds, bytes: 8)
        append(nanoseconds, bytes: 4)
        append(minutes, bytes: 2)
        if rest != 0 { append(rest, bytes: 1) }
        return bytes
    }
}

extension Time: GoStringer {
    /// The text for `%#v`: a call of `time.Date`.
    var goDescription: ByteString {
        let date = date
        let second = secondOfDay
        var text = Array("time.Date(\(date.year), time.\(Calendar.monthText(date.month)), \(date.day), ".utf8)
        text += Array("\(second / 3_600), \(second / 60 % 60), \(second % 60), \(nanoseconds), ".utf8)
        if location === Location.utc {
            text += Array("time.UTC)".utf8)
        } else if location === local {
            text += Array("time.Local)".utf8)
        } else {
            text += Array("time.Location(".utf8)
            location.name.withBytes { Time.appendQuoted($0, into: &text) }
            text += Array("))".utf8)
        }
        return ByteString(text)
    }

    /// The quoting of the time package, which escapes all bytes that are not ASCII.
    private static func appendQuoted(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in bytes {
            if byte < 0x20 || byte >= 0x80 {
                output += Array("\\x".utf8) + [Digits.lower[byte >> 4], Digits.lower[byte & 0xF]]
            } else {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { output.append(UInt8(ascii: "\\")) }
                output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

extension Value {
    /// A `[]uint8`.
    fileprivate static func bytes(_ bytes: [UInt8]) -> Value {
        .slice(Slice(.byte, bytes.map { .integer(.init(.uint8, Int($0))) }))
    }
}

extension Arguments {
    /// The argument at `index`, declared `.bytes`, with more bytes behind it: Go's `append`.
    fileprivate func bytes(_ index: Int, followedBy added: [UInt8]) -> Value {
        let bytes = slice(index)
        if added.isEmpty { return .slice(bytes) }
        return .slice(Slice(.byte, bytes.array + added.map { .integer(.init(.uint8, Int($0))) }))
    }

    /// The argument at `index`, declared `.time`.
    func time(_ index: Int) -> Time {
        guard case .object(let time as Time) = self[index] else {
            preconditionFailure("argument \(index) is no time")
        }
        return time
    }
}
