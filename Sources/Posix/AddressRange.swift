/// A range of internet addresses in CIDR notation: `10.0.0.0/8`, `fd00::/8`, or one address.
package struct AddressRange: Hashable, Sendable {
    /// An address of the range, as it was written: 4 or 16 bytes.
    package let network: [UInt8]
    private let prefixLength: Int

    /// Nil if `text` is not a range. As in Go's `netip.ParsePrefix`, the prefix length has no sign and no leading
    /// zeros, and address bits beyond it are ignored.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = InternetAddress.parse(String(parts[0])), !parts[0].contains("%") else { return nil }
        network = address
        guard parts.count == 2 else {
            prefixLength = address.count * 8
            return
        }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(parts[1]), length <= address.count * 8
        else { return nil }
        prefixLength = length
    }

    /// Whether `address`, 4 or 16 bytes, is in the range.
    package func contains(_ address: [UInt8]) -> Bool {
        guard address.count == network.count else { return false }
        let whole = prefixLength / 8
        guard address[..<whole].elementsEqual(network[..<whole]) else { return false }
        let bits = prefixLength % 8
        return bits == 0 || (address[whole] ^ network[whole]) >> UInt8(8 - bits) == 0
    }

    /// The loopback addresses of IPv4 and IPv6.
    package static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }
}
