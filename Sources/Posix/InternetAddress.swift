import Primitives

/// Internet addresses in the form that Go's `net/netip` reads and writes.
package enum InternetAddress {
    /// The 4 or 16 bytes of the address in `text`, as `netip.ParseAddr` reads it: four decimal numbers, or an
    /// IPv6 address, whose zone is left out. Nil for anything else, such as `127.1` or `0x7f.0.0.1`, which the C library
    /// would take.
    package static func parse(_ text: String) -> [UInt8]? {
        let bytes = Array(text.utf8)
        switch bytes.first(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "%") }) {
        case UInt8(ascii: "."): return parseIPv4(bytes[...])
        case UInt8(ascii: ":"): return parseIPv6(bytes[...])
        default: return nil
        }
    }

    /// The address as text. An IPv4 address that is mapped into IPv6 (`::ffff:1.2.3.4`) reads as the IPv4 address that
    /// it is, and no other IPv6 address has a part in decimal numbers.
    package static func text(_ bytes: [UInt8]) -> String? {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        guard bytes.count == 16 else { return nil }
        if bytes.starts(with: mappedPrefix) { return text(Array(bytes[12...])) }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        let zeros = longestZeros(groups)
        let written = { (groups: ArraySlice<UInt16>) in
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if zeros.isEmpty { return written(groups[...]) }
        return "\(written(groups[..<zeros.lowerBound]))::\(written(groups[zeros.upperBound...]))"
    }

    /// The IPv4 address that is mapped into an IPv6 one (`::ffff:1.2.3.4`); any other address as it is.
    static func unmapped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count == 16 && bytes.starts(with: mappedPrefix) ? Array(bytes[12...]) : bytes
    }

    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    /// The first of the longest runs of two or more zeros, empty if there is none.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > longest.count { longest = start..<end }
            start = max(end, start + 1)
        }
        return longest
    }

    /// Four numbers up to 255, without leading zeros.
    private static func parseIPv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let fields = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        var address: [UInt8] = []
        for field in fields {
            guard (1...3).contains(field.count), field.count == 1 || field.first != UInt8(ascii: "0"),
                field.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = UInt8(String(decoding: field, as: UTF8.self))
            else { return nil }
            address.append(number)
        }
        return address
    }

    private static func parseIPv6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var text = text
        if let percent = text.firstIndex(of: UInt8(ascii: "%")) {
            // Any zone will do, but not an empty one.
            guard percent + 1 < text.endIndex else { return nil }
            text = text[..<percent]
        }
        guard let ellipsis = text.indices.first(where: { text[$0...].starts(with: Array("::".utf8)) }) else {
            guard let address = parseGroups(text), address.count == 16 else { return nil }
            return address
        }
        // After the ellipsis there may be no third colon and no second ellipsis: a group would be empty.
        guard let head = parseGroups(text[..<ellipsis], mayEndInIPv4: false),
            let tail = parseGroups(text[(ellipsis + 2)...]), head.count + tail.count < 16
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// Groups of one to four hexadecimal digits between colons, the last two of which may be an IPv4 address. Empty text
    /// is no group.
    private static func parseGroups(_ text: ArraySlice<UInt8>, mayEndInIPv4: Bool = true) -> [UInt8]? {
        if text.isEmpty { return [] }
        let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard groups.count <= 8 else { return nil }
        var address: [UInt8] = []
        for (index, group) in groups.enumerated() {
            if mayEndInIPv4, index == groups.count - 1, group.contains(UInt8(ascii: ".")) {
                guard let mapped = parseIPv4(group) else { return nil }
                return address + mapped
            }
            guard (1...4).contains(group.count), group.allSatisfy({ Hexadecimal.value(of: $0) != nil }),
                let number = UInt16(String(decoding: group, as: UTF8.self), radix: 16)
            else { return nil }
            address += [UInt8(number >> 8), UInt8(number & 0xFF)]
        }
        return address
    }
}
