import Testing

@testable import YAML

/// Numbers as Go prints them with `FormatFloat(…, 'f', -1, 64)`.
@Suite struct GoFloatTests {
    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (100.0, "100"), (0.1, "0.1"), (-2.5, "-2.5"), (1e15, "1000000000000000"),
        (1e16, "10000000000000000"), (1.5e17, "150000000000000000"), (1e-4, "0.0001"), (1.25e-7, "0.000000125"),
        (123456.789, "123456.789"), (9007199254740993.0, "9007199254740992"), (1e22, "10000000000000000000000"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func text(value: Double, expected: String) {
        #expect(String(decoding: GoFloat.text(value), as: UTF8.self) == expected)
    }

    @Test func extremes() {
        #expect(GoFloat.text(.leastNonzeroMagnitude) == Array(("0." + String(repeating: "0", count: 323) + "5").utf8))
        let largest = "17976931348623157" + String(repeating: "0", count: 292)
        #expect(GoFloat.text(.greatestFiniteMagnitude) == Array(largest.utf8))
    }
}
