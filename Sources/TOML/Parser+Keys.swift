extension Parser {
    /// key = simple-key *( ws "." ws simple-key ), and the space behind it
    mutating func key() throws(TOMLError) -> [KeyPart] {
        var parts = [try simpleKey(.key)]
        skipSpace()
        while current == Byte.dot {
            index += 1
            skipSpace()
            parts.append(try simpleKey(.keyAfterDot))
            skipSpace()
        }
        return parts
    }

    /// simple-key = 1*( letter / digit / "-" / "_" ) / basic-string / literal-string
    private mutating func simpleKey(_ expectation: TOMLError.Expectation) throws(TOMLError) -> KeyPart {
        let position = position()
        switch current {
        case Byte.quote?:
            if isTripled(Byte.quote) { throw error(.multilineKey) }
            return KeyPart(name: try basicString(), position: position)
        case Byte.apostrophe?:
            if isTripled(Byte.apostrophe) { throw error(.multilineKey) }
            return KeyPart(name: try literalString(), position: position)
        default:
            let start = index
            while let byte = current, Byte.isBareKey(byte) { index += 1 }
            if start == index { throw unexpected(expectation) }
            return KeyPart(name: String(decoding: bytes[start..<index], as: UTF8.self), position: position)
        }
    }

    /// Whether `byte` stands at `index` three times.
    func isTripled(_ byte: UInt8) -> Bool { current == byte && peek(1) == byte && peek(2) == byte }
}
