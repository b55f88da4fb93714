// What the answers of vault have in common.
extension JSONAnswer {
    /// The names of a listing.
    var listing: [[UInt8]] {
        guard let keys = member("keys", of: member("data", of: 0)), kind(keys) == .array else { return [] }
        return elements(of: keys).filter { kind($0) == .string }.map(bytes)
    }

    /// The words of an error, for messages.
    var errors: String {
        guard let list = member("errors", of: 0), kind(list) == .array else { return "" }
        let texts = elements(of: list).filter { kind($0) == .string }.map { bytes($0) }
        return printable(Array(texts.joined(separator: Array("; ".utf8))).map { $0 < 32 ? 32 : $0 })
    }
}
