import Diagnostics
import Testing

@Suite struct PrintableTextTests {
    /// For differences on a terminal: control characters and bytes that are not UTF-8 are shown as escapes.
    @Test func linesOfDifferences() {
        let shown = PrintableText.lines([0x61, 0x09, 0x80, 0xC2, 0x9B, 0xE2, 0x82, 0xAC, 0xE2, 0x82, 0x0A])
        #expect(String(decoding: shown, as: UTF8.self) == "a\t\\x80\\u009b€\\xe2\\x82\n")
    }
}
