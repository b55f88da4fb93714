import Testing

@testable import Posix

/// Files of the zone database that are made here.
enum ZoneFiles {
    /// A zone of type `ABC`, UTC, and then of `changes`, with a rule for what follows.
    static func file(rule: String = "", changes: [(time: Int64, zone: UInt8)] = [], version: Character = "2") -> [UInt8]
    {
        let zones: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0x0E, 0x10, 1, 4]
        func block(_ timeSize: Int) -> [UInt8] {
            let counts = [0, 0, 0, changes.count, 2, 8]
            var bytes = Array("TZif\(version)".utf8) + [UInt8](repeating: 0, count: 15)
            for count in counts { bytes += number(Int64(count), 4) }
            for change in changes { bytes += number(change.time, timeSize) }
            return bytes + changes.map(\.zone) + zones + Array("ABC\0DEF\0".utf8)
        }
        return block(4) + block(8) + Array("\n\(rule)\n".utf8)
    }

    private static func number(_ number: Int64, _ size: Int) -> [UInt8] {
        (0..<size).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * Int64($0))) }
    }
}

/// The zone is chosen as Go chooses it, not as the C library does. The expectations were checked against Go.
@Suite struct LocalZoneTests {
    private static let files = [
        "/etc/localtime": ZoneFiles.file(rule: "LOC-2"),
        "/usr/share/zoneinfo//Europe/Berlin": ZoneFiles.file(rule: "CET-1CEST,M3.5.0,M10.5.0/3"),
        "/srv/zone": ZoneFiles.file(rule: "SRV5"),
        "/srv/text": Array("Europe/Berlin".utf8),
        "/usr/share/lib/zoneinfo//Old": ZoneFiles.file(rule: "OLD-9"),
        "/usr/share/zoneinfo//Broken": Array(ZoneFiles.file(rule: "BRK-9").prefix(60)),
    ]

    @Test(
        arguments: [
            (nil, "Local", "LOC"), ("", "UTC", "UTC"), (":", "UTC", "UTC"), ("UTC", "UTC", "UTC"),
            (":UTC", "UTC", "UTC"),
            ("Europe/Berlin", "Europe/Berlin", "CET"), (":Europe/Berlin", "Europe/Berlin", "CET"),
            ("/srv/zone", "/srv/zone", "SRV"), (":/srv/zone", "/srv/zone", "SRV"), ("/etc/localtime", "Local", "LOC"),
            ("/srv/none", "UTC", "UTC"), ("/srv/text", "UTC", "UTC"), ("Europe", "UTC", "UTC"), ("Old", "Old", "OLD"),
            ("Broken", "UTC", "UTC"), ("CET-1CEST,M3.5.0,M10.5.0/3", "UTC", "UTC"), ("<+03>-3", "UTC", "UTC"),
            ("EST5EDT", "UTC", "UTC"),
        ] as [(String?, String, String)])
    func isChosenByTZ(_ variable: String?, name: String, abbreviation: String) {
        let zone = LocalZone(variable: variable) { Self.files[$0] }
        #expect(zone.name == name)
        #expect(zone.zone(at: 0).abbreviation == abbreviation)
    }

    /// Report: a static program in an empty image with TZ=Europe/Berlin printed `Europe +0000`.
    @Test func withoutTheDatabaseItIsUTC() {
        let zone = LocalZone(variable: "Europe/Berlin") { _ in nil }
        #expect(zone.name == "UTC")
        #expect(zone.zone(at: 1_720_000_000) == ZoneOffset(abbreviation: "UTC", seconds: 0, isDaylightSaving: false))
    }
}

@Suite struct ZoneFileTests {
    @Test func changesAtItsTransitions() throws {
        let file = try #require(ZoneFile(ZoneFiles.file(changes: [(-100, 1), (100, 0), (200, 1)])))
        let seen = [-101, -100, 99, 100, 199, 200, Int64.max, Int64.min].map { file.zone(at: $0).abbreviation }
        #expect(seen == ["ABC", "DEF", "DEF", "ABC", "ABC", "DEF", "DEF", "ABC"])
    }

    /// Rules, and at which seconds they say which abbreviation and offset.
    @Test(
        arguments: [
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_799, "CET", 3_600),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_711_846_800, "CEST", 7_200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_799, "CEST", 7_200),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_729_990_800, "CET", 3_600),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_704_067_200, "AEDT", 39_600),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_720_000_000, "AEST", 36_000),
            ("EST5EDT", 1_710_054_000, "EDT", -14_400), ("EST5EDT", 1_710_053_999, "EST", -18_000),
            ("<+0330>-3:30", 0, "+0330", 12_600), ("XXX24:59:59", 0, "XXX", -89_999),
            ("AAA0BBB-2,J60/0,J61/0", 1_709_251_200, "BBB", 7_200),
            ("AAA0BBB-2,59/2,60/2", 1_709_172_000, "BBB", 7_200),
        ] as [(String, Int64, String, Int)])
    func followsItsRule(_ rule: String, at second: Int64, abbreviation: String, offset: Int) throws {
        let zone = try #require(ZoneFile(ZoneFiles.file(rule: rule))).zone(at: second)
        #expect(zone.abbreviation == abbreviation)
        #expect(zone.seconds == offset)
    }

    @Test(arguments: [
        "AB1", "ABC", "ABC200", "ABC1DEF,M3.5.0", "ABC1DEF,M13.1.0,M1.1.0", "ABC1DEF,M3.6.0,M1.1.0", "<AB1", "ABC1:60",
        "ABC1DEF,J0,J5", "ABC1DEF,366,5", "ABC1DEF,M3.5.0,M10.5.0/x", "ABC1DEFM3.5.0,M10.5.0",
        "ABC1DEF2,M3.5.0,M10.5.0 ",
    ])
    func aBadRuleIsNone(_ rule: String) throws {
        #expect(try #require(ZoneFile(ZoneFiles.file(rule: rule))).zone(at: 0).abbreviation == "ABC")
    }

    /// Attack: files that are cut short or whose counts lie.
    @Test func refusesWhatIsCutShort() {
        let whole = ZoneFiles.file(rule: "", changes: [(1, 1)])
        // The rule at the end may be missing.
        for length in 0..<whole.count - 2 { #expect(ZoneFile(Array(whole.prefix(length))) == nil, "\(length) bytes") }
        for position in 0..<whole.count {
            for byte: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var changed = whole
                changed[position] = byte
                _ = ZoneFile(changed)?.zone(at: 1 << 40)
            }
        }
        #expect(ZoneFile(ZoneFiles.file(version: "4")) == nil)
    }

    @Test(arguments: [Int64.min, Int64.min + 86_400, -1 << 55, 1 << 55, Int64.max])
    func answersForAllTime(_ second: Int64) throws {
        let zone = try #require(ZoneFile(ZoneFiles.file(rule: "CET-1CEST,M3.5.0,M10.5.0/3"))).zone(at: second)
        #expect(["CET", "CEST"].contains(zone.abbreviation))
    }
}
