import Digests
import Rendering

/// A change that is rolled out: the state of a resource's template and keys, and a number that grows with each change.
package struct ChangeName: Hashable, Comparable, Sendable {
    /// Greater than that of every earlier change; if that allows it, the store's revision at which the change was seen first.
    package let number: Int64
    /// The same on all hosts with the same template and keys: lower-case hexadecimal digits.
    package let id: String

    package init(number: Int64, id: String) {
        self.number = number
        self.id = id
    }

    /// Parses `NUMBER-ID`; nil for anything else.
    init?(_ text: Substring) {
        guard let dash = text.utf8.firstIndex(of: UInt8(ascii: "-")), let number = Int64(text[..<dash]), number > 0
        else { return nil }
        let id = text[text.utf8.index(after: dash)...]
        guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy(Self.isDigit), "\(number)" == text[..<dash] else {
            return nil
        }
        self.init(number: number, id: String(id))
    }

    /// The id for this content: the first half of its SHA-256.
    package static func id(of content: [UInt8]) -> String {
        Digest.hexadecimal(Array(SHA256.digest(of: content).prefix(16)))
    }

    package var text: String { "\(number)-\(id)" }

    /// For people.
    package var shortText: String { "\(number)-\(id.prefix(8))" }

    package static func < (one: ChangeName, other: ChangeName) -> Bool {
        (one.number, one.id) < (other.number, other.id)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
