import TextTemplate

/// Finds a run of bytes in another one, in linear time (Knuth, Morris and Pratt).
struct ByteSearch {
    private let needle: [UInt8]
    /// For each position: how much of the needle's beginning ends there, the whole not counted.
    private var borders: [Int]

    init(_ needle: ByteString) {
        self.needle = needle.array
        borders = [Int](repeating: 0, count: self.needle.count)
        var length = 0
        for position in self.needle.indices.dropFirst() {
            while length > 0 && self.needle[position] != self.needle[length] { length = borders[length - 1] }
            if self.needle[position] == self.needle[length] { length += 1 }
            borders[position] = length
        }
    }

    /// The offset of the first occurrence at or behind `start`; the needle must not be empty.
    func firstOffset(in haystack: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Int? {
        needle.withUnsafeBufferPointer { needle in
            var matched = 0
            var position = start
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
