/// The HTTP statuses that count as healthy, written as `200-399,404`.
package struct StatusRanges: Hashable, Sendable, CustomStringConvertible {
    /// Ascending and apart from each other, so that equal sets are equal values.
    package let ranges: [ClosedRange<Int>]

    /// 200 to 399.
    package static let standard = StatusRanges(normalizing: [200...399])

    /// 200 to 299.
    package static let success = StatusRanges(normalizing: [200...299])

    /// status-ranges = range { "," range } ; range = status [ "-" status ] ; status = three digits from 100 to 599.
    /// Spaces around numbers do not matter.
    package init(parsing text: String) throws(StatusRangesError) {
        var scanner = Scanner(bytes: Array(text.utf8))
        var ranges = [try scanner.range()]
        while scanner.take(UInt8(ascii: ",")) { ranges.append(try scanner.range()) }
        guard scanner.isAtEnd else { throw StatusRangesError(.unexpectedCharacter, at: scanner.position) }
        self.init(normalizing: ranges)
    }

    private init(normalizing ranges: [ClosedRange<Int>]) {
        var merged: [ClosedRange<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// Whether `status` is one of them.
    package func contains(_ status: Int) -> Bool { ranges.contains { $0.contains(status) } }

    /// The shortest way to write them.
    package var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }
}

/// Why a text is no list of statuses.
package struct StatusRangesError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case expectedStatus
        /// It is not from 100 to 599.
        case outOfRange
        /// The second status of a range is lower than the first.
        case descending
        case unexpectedCharacter
    }

    package let kind: Kind
    /// In bytes from the start of the text.
    package let offset: Int

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// One phrase, without the place.
    package var message: String {
        switch kind {
        case .expectedStatus: "expected a status of three digits"
        case .outOfRange: "a status is from 100 to 599"
        case .descending: "the range ends before it begins"
        case .unexpectedCharacter: "expected a comma or the end"
        }
    }
}

private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func range() throws(StatusRangesError) -> ClosedRange<Int> {
        let low = try status()
        guard take(UInt8(ascii: "-")) else { return low...low }
        skipSpaces()
        let start = position
        let high = try status()
        guard low <= high else { throw StatusRangesError(.descending, at: start) }
        return low...high
    }

    private mutating func status() throws(StatusRangesError) -> Int {
        skipSpaces()
        let start = position
        var value = 0
        while position < bytes.count, position - start < 4, (48...57).contains(bytes[position]) {
            value = value * 10 + Int(bytes[position] - 48)
            position += 1
        }
        guard position > start else { throw StatusRangesError(.expectedStatus, at: start) }
        guard position - start == 3, (100...599).contains(value) else {
            throw StatusRangesError(.outOfRange, at: start)
        }
        skipSpaces()
        return value
    }

    private mutating func skipSpaces() {
        while take(UInt8(ascii: " ")) {}
    }
}
