/// Hides secrets in the lines of a difference: each line of a secret, without its indentation, which a template may change.
package struct SecretMask: Sendable {
    static let replacement = Array("********".utf8)

    /// Shorter lines of a secret of several lines are not hidden: they are braces and the like.
    private static let shortestLine = 4

    /// The texts that are hidden, by their first byte, the longest first.
    private var texts: [UInt8: [[UInt8]]] = [:]

    /// Hides `secrets`; the empty one hides nothing.
    package init(_ secrets: [[UInt8]]) {
        var parts: Set<[UInt8]> = []
        for secret in secrets {
            let lines = secret.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map { Array($0) }
            for line in lines {
                let text = Array(line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
                if !text.isEmpty, lines.count == 1 || text.count >= Self.shortestLine { parts.insert(text) }
            }
        }
        for part in parts { texts[part[0], default: []].append(part) }
        texts = texts.mapValues { $0.sorted { $0.count > $1.count } }
    }

    var isEmpty: Bool { texts.isEmpty }

    /// Whether a secret stands in `line`.
    package func hides<Line: RandomAccessCollection<UInt8>>(_ line: Line) -> Bool where Line.Index == Int {
        !isEmpty && line.indices.contains { secret(at: $0, in: line) != nil }
    }

    func masked(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(line.count)
        var index = line.startIndex
        while index < line.endIndex {
            if let secret = secret(at: index, in: line) {
                output += Self.replacement
                index += secret.count
            } else {
                output.append(line[index])
                index += 1
            }
        }
        return output
    }

    private func secret<Line: RandomAccessCollection<UInt8>>(at index: Int, in line: Line) -> [UInt8]?
    where Line.Index == Int {
        texts[line[index]]?.first { line[index...].starts(with: $0) }
    }
}
