import TOML

/// The `mode` of a resource.
package enum FileMode {
    /// The permission bits that `text` names: octal digits, with `0` or `0o` before them or not.
    /// confd 0.17 reads `644` as decimal, which gives the mode 0204.
    package static func parse(_ text: String) -> UInt16? {
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : Substring(text)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
            let mode = UInt16(digits, radix: 8), mode <= 0o7777
        else { return nil }
        return mode
    }

    /// The mode of the integer `number` that stands in `source` at `position`. TOML's `0o644` counts by its value;
    /// plain digits (`644`) are taken as octal digits.
    static func parse(_ number: Int64, writtenAt position: TOMLPosition, in source: [UInt8]) -> UInt16? {
        let lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.indices.contains(position.line - 1) ? lines[position.line - 1] : []
        // Columns count characters; a byte order mark is none.
        let text = String(decoding: line, as: UTF8.self).unicodeScalars.drop { $0 == "\u{FEFF}" }
        let isOctal = text.dropFirst(position.column - 1).starts(with: "0o".unicodeScalars)
        return parse(isOctal ? String(number, radix: 8) : String(number))
    }
}
