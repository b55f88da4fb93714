import Primitives
import Testing

@Suite struct HexadecimalTests {
    @Test func readsDigitsOfEitherCase() {
        let digits = Array("0123456789abcdef".utf8)
        let upperDigits = Array("0123456789ABCDEF".utf8)
        for value in UInt8(0)..<16 {
            #expect(Hexadecimal.value(of: digits[Int(value)]) == value)
            #expect(Hexadecimal.value(of: upperDigits[Int(value)]) == value)
            #expect(Hexadecimal.digit(value) == digits[Int(value)])
            #expect(Hexadecimal.upperDigit(value) == upperDigits[Int(value)])
        }
    }

    @Test func readsNothingElse() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for byte in UInt8.min...UInt8.max { #expect((Hexadecimal.value(of: byte) != nil) == digits.contains(byte)) }
    }

    @Test(arguments: [
        ("a/b c~", "a%2Fb%20c~"), ("\u{e9}", "%C3%A9"), ("", ""),
    ])
    func encodesParts(_ text: String, _ encoded: String) {
        #expect(PercentEncoding.encoded(text.utf8) == encoded)
        #expect(PercentEncoding.decoded(encoded.utf8) == text)
        #expect(PercentEncoding.decoded(encoded.lowercased().utf8) == text.lowercased())
    }

    @Test(arguments: ["%", "%4", "%4g", "%g4", "%+1", "%ff"])
    func refusesWhatIsNoEncoding(_ text: String) {
        #expect(PercentEncoding.decoded(text.utf8) == nil)
    }
}
