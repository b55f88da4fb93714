extension RegularExpressionParser {
    /// `"(?" ( [ "P" ] "<" name ">" | flags [ "-" flags ] ( ":" | ")" ) )`.
    mutating func parseFlags() throws(RegularExpressionError) {
        let start = position
        if peek(2) == UInt8(ascii: "P"), peek(3) == UInt8(ascii: "<"), peek(4) != nil {
            return try parseName(width: 4)
        }
        if peek(2) == UInt8(ascii: "<"), peek(3) != nil {
            return try parseName(width: 3)
        }
        position += 2
        var set = flags
        var value = true
        var sawFlag = false
        while !isAtEnd {
            switch try next() {
            case 0x69:
                set.foldsCase = value
                sawFlag = true
            case 0x6D:
                set.isMultiLine = value
                sawFlag = true
            case 0x73:
                set.dotMatchesNewline = value
                sawFlag = true
            case 0x55:
                set.swapsGreed = value
                sawFlag = true
            case 0x2D where value:
                value = false
                sawFlag = false
            case 0x3A where value || sawFlag:
                openGroup(name: nil)
                flags = set
                return
            case 0x29 where value || sawFlag:
                flags = set
                return
            default:
                throw failure(.invalidPerlSyntax, from: start, to: position)
            }
        }
        throw failure(.invalidPerlSyntax, from: start, to: position)
    }

    /// `name ">"` behind an opening of `width` bytes.
    private mutating func parseName(width: Int) throws(RegularExpressionError) {
        let start = position
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: ">")) else {
            try checkUTF8(from: start, to: bytes.count)
            throw failure(.invalidNamedCapture, from: start)
        }
        try checkUTF8(from: start + width, to: end)
        let name = Array(bytes[start + width..<end])
        guard !name.isEmpty, name.allSatisfy(Self.isWordByte) else {
            throw failure(.invalidNamedCapture, from: start, to: end + 1)
        }
        position = end + 1
        openGroup(name: name)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
