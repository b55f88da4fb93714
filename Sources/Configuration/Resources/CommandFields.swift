import Diagnostics

/// The fields of our own that the text of a command names: `src` and `dest`.
///
/// A field counts only inside an action, outside of its strings and comments, and only where the dot is the command's:
/// inside `{{range}}` and `{{with}}` the dot is another value, and only `$.src` means our field.
struct CommandFields {
    private(set) var names: Set<String> = []
    /// Fields of the same dot that are none of ours.
    private var others: Set<String> = []

    private static let ours = ["src", "dest"]
    private static let open = Array("{{".utf8)
    private static let close = Array("}}".utf8)

    private let bytes: [UInt8]
    private var index = 0
    /// For each block that is open, whether it sets the dot.
    private var blocks: [Bool] = []

    init(of text: String) {
        bytes = Array(text.utf8)
        while let start = find(Self.open, from: index) {
            index = start + 2
            readAction()
        }
    }

    /// Those that are probably misspelled, each with the one that was meant. Others may be another program's.
    var misspelled: [(name: String, meant: String)] {
        others.sorted().compactMap { name in
            Suggestion.nearest(to: name, among: Self.ours).map { (name, $0) }
        }
    }

    /// Reads up to the end of an action, or of the text.
    private mutating func readAction() {
        let setsDot = blocks.contains(true)
        var keyword: String?
        while index < bytes.count, !starts(with: Self.close) {
            if starts(with: Array("/*".utf8)) {
                index = find(Array("*/".utf8), from: index).map { $0 + 2 } ?? bytes.count
            } else if bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "'") {
                skipString(escapes: true)
            } else if bytes[index] == UInt8(ascii: "`") {
                skipString(escapes: false)
            } else if bytes[index] == UInt8(ascii: ".") {
                readField(setsDot: setsDot)
            } else if Self.isLetter(bytes[index]) {
                let word = word()
                keyword = keyword ?? word
            } else {
                index += 1
            }
        }
        note(keyword)
    }

    private mutating func note(_ keyword: String?) {
        switch keyword {
        case "range", "with": blocks.append(true)
        case "if", "block", "define": blocks.append(false)
        case "end": _ = blocks.popLast()
        default: break
        }
    }

    private mutating func readField(setsDot: Bool) {
        let before = index == 0 ? nil : bytes[index - 1]
        let isOfRoot = before == UInt8(ascii: "$")
        let isOfSomethingElse = before.map { Self.isLetter($0) || $0 == UInt8(ascii: ")") } ?? false
        index += 1
        let name = word()
        guard isOfRoot || !setsDot && !isOfSomethingElse else { return }
        if Self.ours.contains(name) { names.insert(name) } else { others.insert(name) }
    }

    private mutating func word() -> String {
        let start = index
        while index < bytes.count, Self.isLetter(bytes[index]) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func skipString(escapes: Bool) {
        let quote = bytes[index]
        index += 1
        while index < bytes.count, bytes[index] != quote {
            index += escapes && bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        index = min(index + 1, bytes.count)
    }

    private func find(_ pattern: [UInt8], from start: Int) -> Int? {
        guard start + pattern.count <= bytes.count else { return nil }
        return (start...(bytes.count - pattern.count)).first { bytes[$0...].starts(with: pattern) }
    }

    private func starts(with pattern: [UInt8]) -> Bool { bytes[index...].starts(with: pattern) }

    /// Letters, digits, underscores, and all that is not ASCII.
    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }
}
