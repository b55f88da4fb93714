import Primitives

/// The rules of one time zone as a file of the zone database has them (RFC 8536), read as Go's
/// `time.LoadLocationFromTZData` does.
struct ZoneFile: Sendable {
    /// The longest file that is read, in bytes, Go's limit.
    static let sizeLimit = 10 << 20

    private struct Transition {
        let time: Int64
        let zone: Int
    }

    /// In the order of time; `first` applies before the first one.
    private let transitions: [Transition]
    private let zones: [ZoneOffset]
    private let first: ZoneOffset
    /// Applies after the last transition.
    private let rule: ZoneRule?

    /// Nil if `bytes` are not such a file, or are cut short.
    init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes)
        guard let header = Header(&reader) else { return nil }
        var counts = header.counts
        var timeSize = 4
        if header.version > 1 {
            // From version 2 on everything follows again with 64-bit times.
            guard reader.skip(counts.size(timeSize: 4)), let second = Header(&reader) else { return nil }
            counts = second.counts
            timeSize = 8
        }
        guard let times = reader.bytes(counts.transitions * timeSize), let indices = reader.bytes(counts.transitions),
            let zoneBytes = reader.bytes(counts.zones * 6), let names = reader.bytes(counts.characters),
            reader.skip(counts.leapSeconds * (timeSize + 4) + counts.standardFlags + counts.universalFlags),
            let zones = Self.zones(zoneBytes, names: Array(names))
        else { return nil }
        var transitions: [Transition] = []
        for (number, index) in indices.enumerated() {
            guard Int(index) < zones.count else { return nil }
            let start = times.startIndex + number * timeSize
            transitions.append(Transition(time: Self.number(times[start..<start + timeSize]), zone: Int(index)))
        }
        // Without transitions, as in Etc/GMT, the first zone applies for all time.
        if transitions.isEmpty { transitions.append(Transition(time: .min, zone: 0)) }
        let rest = reader.rest
        let isRule = rest.count > 2 && rest.first == UInt8(ascii: "\n") && rest.last == UInt8(ascii: "\n")
        rule = isRule ? ZoneRule(rest.dropFirst().dropLast()) : nil
        first = Self.first(of: zones, transitions)
        self.zones = zones
        self.transitions = transitions
    }

    /// The offset at `seconds` since 1970: Go's `Location.lookup`.
    func zone(at seconds: Int64) -> ZoneOffset {
        guard seconds >= transitions[0].time else { return first }
        let last = transitions.indices.partitionPoint { transitions[$0].time <= seconds } - 1
        if last == transitions.count - 1, let rule { return rule.zone(at: seconds) }
        return zones[transitions[last].zone]
    }

    /// The zone before the first transition (Go's `lookupFirstZone`): zone 0 if no transition leads to it; if the first
    /// transition is to daylight time, the last standard time listed before that zone; else the first standard time.
    private static func first(of zones: [ZoneOffset], _ transitions: [Transition]) -> ZoneOffset {
        guard transitions.contains(where: { $0.zone == 0 }) else { return zones[0] }
        let beginning = transitions[0].zone
        if zones[beginning].isDaylightSaving, let before = zones[..<beginning].last(where: { !$0.isDaylightSaving }) {
            return before
        }
        return zones.first { !$0.isDaylightSaving } ?? zones[0]
    }

    /// Nil if there is no zone, or if the name of one begins beyond `names`.
    private static func zones(_ bytes: ArraySlice<UInt8>, names: [UInt8]) -> [ZoneOffset]? {
        var zones: [ZoneOffset] = []
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 6) {
            let name = Int(bytes[start + 5])
            guard name < names.count else { return nil }
            zones.append(
                ZoneOffset(
                    abbreviation: String(decoding: names[name...].prefix { $0 != 0 }, as: UTF8.self),
                    seconds: Int(number(bytes[start..<start + 4])), isDaylightSaving: bytes[start + 4] != 0))
        }
        return zones.isEmpty ? nil : zones
    }

    /// A signed number of 4 or 8 bytes, the highest first.
    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        let bits = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return bytes.count == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
    }

    private struct Header {
        let version: Int
        let counts: Counts

        init?(_ reader: inout Reader) {
            guard let magic = reader.bytes(4), Array(magic) == Array("TZif".utf8), let kind = reader.bytes(16)?.first
            else { return nil }
            switch kind {
            case 0: version = 1
            case UInt8(ascii: "2"): version = 2
            case UInt8(ascii: "3"): version = 3
            default: return nil
            }
            var numbers: [Int] = []
            for _ in 0..<6 {
                guard let bytes = reader.bytes(4) else { return nil }
                numbers.append(Int(UInt32(truncatingIfNeeded: number(bytes))))
            }
            counts = Counts(
                universalFlags: numbers[0], standardFlags: numbers[1], leapSeconds: numbers[2], transitions: numbers[3],
                zones: numbers[4], characters: numbers[5])
        }
    }

    /// How many there are of each kind. Each is below 2^32, so sums of sizes do not overflow.
    private struct Counts {
        let universalFlags: Int
        let standardFlags: Int
        let leapSeconds: Int
        let transitions: Int
        let zones: Int
        let characters: Int

        func size(timeSize: Int) -> Int {
            transitions * (timeSize + 1) + zones * 6 + characters + leapSeconds * (timeSize + 4) + standardFlags
                + universalFlags
        }
    }

    /// Takes bytes from the beginning of what is left.
    private struct Reader {
        private(set) var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        /// Nil if there are fewer than `count`.
        mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
            guard count <= rest.count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func skip(_ count: Int) -> Bool { bytes(count) != nil }
    }
}
