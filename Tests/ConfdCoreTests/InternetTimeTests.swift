import Testing

@testable import ConfdCore

@Suite struct InternetTimeTests {
    @Test(
        "times of RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2000-01-01T00:00:00Z", 946_684_800), ("2024-02-29t23:59:59z", 1_709_251_199),
            ("2026-01-31 12:00:00+01:00", 1_769_857_200), ("2026-01-31T12:00:00.123-00:30", 1_769_862_600),
            ("0001-01-01T00:00:00Z", -62_135_596_800), ("9999-12-31T23:59:59Z", 253_402_300_799),
        ])
    func parses(_ text: String, _ seconds: Int) { #expect(InternetTime.parse(text) == seconds) }

    @Test(arguments: [
        "", "2026-01-31", "2026-01-31T12:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00Zx", "26-01-31T12:00:00Z",
        "2026-01-31T12:00:00+1:00", "٢٠26-01-31T12:00:00Z",
    ])
    func refuses(_ text: String) { #expect(InternetTime.parse(text) == nil) }
}
