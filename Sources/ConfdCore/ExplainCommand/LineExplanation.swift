import Diagnostics
import TextTemplate

/// Why a line of a rendered file is there.
struct LineExplanation {
    /// A key that decides something.
    struct Source: Hashable {
        /// Its name in the store, with the prefix.
        let key: [UInt8]
        /// The part of its JSON, as `.host`.
        let path: String
        /// Whether any of several keys below it will do.
        let isDirectory: Bool
        let isMissing: Bool
        /// Whether it was decrypted.
        var isSecret = false
    }

    /// A piece of the line that one action, or a text of the template, wrote.
    struct Piece {
        /// The bytes of the file.
        let bytes: Range<Int>
        let isText: Bool
        let place: TemplatePlace
        let sources: [Source]
    }

    /// A decision that the line depends on.
    struct Reason {
        /// As it stands in the template: `range gets "/app/*"`.
        let action: String
        let place: TemplatePlace
        /// Whether the value was true, or had elements.
        let isTaken: Bool
        var sources: [Source]
    }

    let number: Int
    let bytes: Range<Int>
    private(set) var pieces: [Piece] = []
    private(set) var reasons: [Reason] = []

    /// The line `number`, from 1, which is there.
    init(_ number: Int, of explanation: Explanation) {
        self.number = number
        bytes = explanation.lines[number - 1]
        let line = explanation.output.line(bytes, of: explanation.content)
        for write in line.writes {
            let part = write.bytes.clamped(to: bytes)
            pieces.append(
                Piece(
                    bytes: part, isText: write.isText,
                    place: explanation.trace.place(of: write, at: part.lowerBound - write.bytes.lowerBound),
                    sources: Self.sources(write.origins, explanation)))
        }
        for condition in line.conditions {
            let (text, place) = explanation.trace.action(of: condition)
            let sources = Self.sources(condition.origins, explanation)
            // In a loop, an action may be taken for one element and not for another.
            let known = reasons.firstIndex { $0.place == place && $0.isTaken == condition.isTaken }
            if let known {
                reasons[known].sources += sources.filter { !reasons[known].sources.contains($0) }
            } else {
                reasons.append(Reason(action: text.text, place: place, isTaken: condition.isTaken, sources: sources))
            }
        }
        for index in reasons.indices {
            reasons[index].sources = Self.withoutImplied(reasons[index].sources, explanation)
        }
    }

    /// Keeps of the pieces the one at `column`, from 1.
    func at(column: Int) -> LineExplanation {
        var copy = self
        let offset = bytes.lowerBound + column - 1
        copy.pieces = pieces.filter { $0.bytes.contains(offset) }
        return copy
    }

    static func sources(_ set: OriginSet, _ explanation: Explanation) -> [Source] {
        let origins = explanation.trace.table.origins(of: set)
        // Where parts of a key's JSON are known, the key alone says no more.
        let inParts = Set(origins.filter { !$0.path.isEmpty }.map(\.name))
        let sources = origins.filter { !$0.path.isEmpty || !inParts.contains($0.name) }.map { origin in
            Source(
                key: explanation.key(origin.name), path: origin.path.text, isDirectory: origin.kind == .directory,
                isMissing: origin.kind == .key && !explanation.isThere(origin.name), isSecret: origin.isSecret)
        }
        return withoutImplied(sources, explanation)
    }

    /// Without directories that hold one of the keys: they are there as long as any key below them is. The root stays: it stands
    /// for `.index`, which depends on how many items there are.
    private static func withoutImplied(_ sources: [Source], _ explanation: Explanation) -> [Source] {
        let root = explanation.key(ByteString([]))
        let implied = Set(sources.filter { !$0.isMissing }.flatMap { directories(above: $0.key) }).subtracting([root])
        return sources.filter { !$0.isDirectory || !implied.contains($0.key) }
    }

    private static func directories(above key: [UInt8]) -> [[UInt8]] {
        key.indices.dropFirst().filter { key[$0] == UInt8(ascii: "/") }.map { Array(key[..<$0]) }
    }
}
