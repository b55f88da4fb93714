/// Looks for a pattern in bytes that come in pieces (Knuth, Morris and Pratt): nothing that came is kept, and each byte is
/// looked at once or twice.
struct PatternSearch {
    private let pattern: [UInt8]
    /// For each length of a matched beginning, that of the longest shorter beginning that also ends there.
    private let fallbacks: [Int]
    private var matched = 0

    /// Whether the pattern has come; an empty one has.
    var isFound: Bool { matched == pattern.count }

    init(_ pattern: [UInt8]) {
        self.pattern = pattern
        var fallbacks = [0]
        var length = 0
        for byte in pattern.dropFirst() {
            while length > 0, pattern[length] != byte { length = fallbacks[length - 1] }
            if pattern[length] == byte { length += 1 }
            fallbacks.append(length)
        }
        self.fallbacks = fallbacks
    }

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes {
            if isFound { return }
            while matched > 0, pattern[matched] != byte { matched = fallbacks[matched - 1] }
            if pattern[matched] == byte { matched += 1 }
        }
    }
}
