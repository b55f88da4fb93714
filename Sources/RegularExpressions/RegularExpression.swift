import Primitives

/// A compiled regular expression in Go's syntax (RE2): leftmost-first matches in time linear in the text.
package struct RegularExpression: Sendable {
    private let pattern: [UInt8]
    private let program: RegularExpressionProgram
    /// About how many bytes it takes.
    package var size: Int { pattern.count + program.size }
    /// The name of each group, the whole match first; empty where it has none.
    private let names: [[UInt8]]

    /// Compiles `pattern`; throws what Go's `regexp.Compile` refuses.
    package init(_ pattern: [UInt8]) throws(RegularExpressionError) {
        let parsed = try RegularExpressionParser.parse(pattern)
        self.pattern = pattern
        program = RegularExpressionProgram(parsed.root)
        names = parsed.names
    }

    /// Whether there is a match in `text`.
    package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var machine = RegularExpressionMachine(program, slotCount: 0)
        return machine.findMatch(in: text, from: 0)
    }

    /// The bounds of the first match in `text`.
    package func firstMatch(in text: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var machine = RegularExpressionMachine(program, slotCount: 2)
        return machine.findMatch(in: text, from: 0) ? machine.slots[0]..<machine.slots[1] : nil
    }

    /// What became of a text in which matches are replaced.
    package enum Replaced {
        /// Nothing matched.
        case unchanged
        case text([UInt8])
        /// The text would be longer than the limit.
        case tooLong
    }

    /// `text` with each match replaced by `replacement`, in which `$1`, `${1}` and `${name}` stand for groups: Go's
    /// `ReplaceAllString`, of up to `limit` bytes. Throws if the groups would take too much memory.
    package func replacing(
        in text: UnsafeBufferPointer<UInt8>, with replacement: UnsafeBufferPointer<UInt8>, limit: Int
    ) throws(RegularExpressionError) -> Replaced {
        var output = LimitedOutput(limit: limit)
        let parts = Replacement(replacement, names: names)
        let slotCount = 2 * (parts.lastGroup(of: names.count) + 1)
        guard program.instructions.count * slotCount <= RegularExpressionMachine.mostSlots else {
            throw RegularExpressionError(kind: .tooLarge, expression: pattern)
        }
        var machine = RegularExpressionMachine(program, slotCount: slotCount)
        var copied = 0
        var position = 0
        while position <= text.count, !output.isTooLong, machine.findMatch(in: text, from: position) {
            let match = machine.slots
            output.append(text[copied..<match[0]])
            // No replacement for an empty match right behind another one.
            if match[1] > copied || match[0] == 0 { parts.append(to: &output, match: match, in: text) }
            copied = match[1]
            // At least one character further, or the same match would be found again.
            let width = position < text.count ? UTF8Scanner.decode(text, at: position).width : 1
            position = max(position + width, match[1])
        }
        if copied == 0 && output.bytes.isEmpty && !output.isTooLong { return .unchanged }
        output.append(text[copied...])
        return output.isTooLong ? .tooLong : .text(output.bytes)
    }
}

/// Bytes up to a limit: replacements multiply a text by another.
private struct LimitedOutput {
    private(set) var bytes: [UInt8] = []
    private(set) var isTooLong = false
    let limit: Int

    init(limit: Int) { self.limit = limit }

    mutating func append(_ part: some Collection<UInt8>) {
        if part.count > limit - bytes.count { isTooLong = true }
        if !isTooLong { bytes += part }
    }
}

/// The text that takes the place of a match: Go's `Expand`.
private struct Replacement {
    private enum Part {
        case text([UInt8])
        case group(Int)
        /// Several groups may have the name; the first one that matched counts.
        case groups([Int])
    }

    private var parts: [Part] = []

    /// The highest group below `count` that the replacement refers to; at least 0, the whole match.
    func lastGroup(of count: Int) -> Int {
        let groups = parts.flatMap { part -> [Int] in
            switch part {
            case .text: []
            case .group(let group): [group]
            case .groups(let groups): groups
            }
        }
        return groups.filter { $0 < count }.max() ?? 0
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>, names: [[UInt8]]) {
        var position = 0
        while let dollar = bytes[position...].firstIndex(of: UInt8(ascii: "$")) {
            append(bytes[position..<dollar])
            position = dollar + 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "$") {
                append(bytes[position...position])
                position += 1
            } else if let (name, end) = Self.reference(in: bytes, from: position) {
                parts.append(Self.part(named: name, names: names))
                position = end
            } else {
                append(bytes[dollar...dollar])
            }
        }
        append(bytes[position...])
    }

    private mutating func append(_ text: Slice<UnsafeBufferPointer<UInt8>>) {
        if !text.isEmpty { parts.append(.text(Array(text))) }
    }

    /// The name behind a dollar sign, with or without braces, and where it ends; nil if it is none.
    private static func reference(
        in bytes: UnsafeBufferPointer<UInt8>, from start: Int
    ) -> (name: [UInt8], end: Int)? {
        guard start < bytes.count else { return nil }
        let isBraced = bytes[start] == UInt8(ascii: "{")
        let begin = isBraced ? start + 1 : start
        var end = begin
        while end < bytes.count {
            let (scalar, width) = UTF8Scanner.decode(bytes, at: end)
            guard scalar == 0x5F || UnicodeCase.isLetterOrDigit(scalar) else { break }
            end += width
        }
        guard end > begin else { return nil }
        let name = Array(bytes[begin..<end])
        if isBraced {
            guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
            end += 1
        }
        return (name, end)
    }

    private static func part(named name: [UInt8], names: [[UInt8]]) -> Part {
        var number = 0
        for byte in name {
            guard byte >= 0x30, byte <= 0x39, number < 100_000_000 else {
                return .groups(names.indices.filter { names[$0] == name })
            }
            number = number * 10 + Int(byte - 0x30)
        }
        // A number with leading zeros is a name, which no group can have.
        return name.count > 1 && name[0] == 0x30 ? .groups(names.indices.filter { names[$0] == name }) : .group(number)
    }

    func append(to output: inout LimitedOutput, match: UnsafeBufferPointer<Int>, in text: UnsafeBufferPointer<UInt8>) {
        func range(of group: Int) -> Range<Int>? {
            guard 2 * group + 1 < match.count, match[2 * group] >= 0 else { return nil }
            return match[2 * group]..<match[2 * group + 1]
        }
        for part in parts {
            switch part {
            case .text(let text): output.append(text)
            case .group(let group):
                if let range = range(of: group) { output.append(text[range]) }
            case .groups(let groups):
                if let range = groups.lazy.compactMap({ range(of: $0) }).first { output.append(text[range]) }
            }
        }
    }
}
