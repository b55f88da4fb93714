import TextTemplate

/// Finds a run of bytes in another one, in linear time (Knuth, Morris and Pratt).
struct ByteSearch {
    private let needle: ByteString
    /// For each position, the length of the longest proper prefix of the needle that ends there. Empty for a needle of one
    /// byte.
    private let borders: [Int]

    /// The number of bytes that are looked for.
    var length: Int { needle.count }

    init(_ needle: ByteString) {
        self.needle = needle
        borders = needle.count > 1 ? needle.withBytes(Self.borders) : []
    }

    private static func borders(of needle: UnsafeBufferPointer<UInt8>) -> [Int] {
        var borders = [Int](repeating: 0, count: needle.count)
        var length = 0
        for position in needle.indices.dropFirst() {
            while length > 0 && needle[position] != needle[length] { length = borders[length - 1] }
            if needle[position] == needle[length] { length += 1 }
            borders[position] = length
        }
        return borders
    }

    /// The offset of the first occurrence at or behind `start`; the needle must not be empty.
    func firstOffset(in haystack: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int? {
        needle.withBytes { needle in
            var position = start
            var matched = 0
            while position < haystack.count {
                let byte = haystack[position]
                while matched > 0 && needle[matched] != byte { matched = borders[matched - 1] }
                if needle[matched] == byte { matched += 1 }
                position += 1
                if matched == needle.count { return position - matched }
            }
            return nil
        }
    }
}
