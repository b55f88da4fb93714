import Configuration

/// What a rendering would lose beyond a limit of its resource's guard.
package enum GuardViolation: Equatable, Sendable {
    /// There would be `count` keys in all.
    case tooFewKeys(count: Int, least: Int)
    /// There would be `count` keys at or below a path that matches a pattern; the pattern itself where nothing matches it.
    case tooFewBelow(path: [UInt8], count: Int, least: Int)
    /// Keys of the last applied rendering would be gone.
    case droppedKeys(lost: Int, of: Int, percent: Int)
    /// Lines of the file in place would be gone.
    case changedLines(lost: Int, of: Int, percent: Int)
    /// Files of items that are gone would be removed (`for_each`), these among them.
    case removedFiles([String], of: Int, most: Int)

    /// Of how many files some would be removed; nil for other losses.
    package var fileCount: Int? { if case .removedFiles(_, let count, _) = self { count } else { nil } }
}

extension GuardLimits {
    /// What a rendering over keys of which there are `now` would lose, after one with `applied`; nil if that is not known.
    ///
    /// Fewer keys than `min_keys` are a loss only if there were more before: what has been accepted once is not held again.
    /// Without a file there is nothing to lose, so `hasFile` is needed for all but `min_keys`. `lines` is nil where lines do
    /// not count.
    package func violations(
        of now: KeyCounts, after applied: KeyCounts?, hasFile: Bool, lines: LineLoss?
    ) -> [GuardViolation] {
        var found: [GuardViolation] = []
        if now.total < minKeys, applied.map({ now.total < $0.total }) ?? true {
            found.append(.tooFewKeys(count: now.total, least: minKeys))
        }
        if hasFile {
            if let maxDrop, let applied, Self.exceeds(applied.total - now.total, of: applied.total, maxDrop) {
                found.append(.droppedKeys(lost: applied.total - now.total, of: applied.total, percent: maxDrop))
            }
            if let maxChange, let lines, Self.exceeds(lines.lost, of: lines.total, maxChange) {
                found.append(.changedLines(lost: lines.lost, of: lines.total, percent: maxChange))
            }
        }
        for minimum in minimums { found += Self.violations(of: minimum, now, applied) }
        return found
    }

    /// Whether `lost` of `total` are more than `percent`. Neither is above 2^53.
    private static func exceeds(_ lost: Int, of total: Int, _ percent: Int) -> Bool { lost * 100 > total * percent }

    /// The paths of a pattern with too few keys, in their order. One that matched in the last applied rendering, and does not
    /// now, has none.
    private static func violations(
        of minimum: Minimum, _ now: KeyCounts, _ applied: KeyCounts?
    ) -> [GuardViolation] {
        let counts = now.matches[minimum.pattern.text] ?? [:]
        let before = applied?.matches[minimum.pattern.text]
        var paths = Set(counts.keys).union((before ?? [:]).keys)
        if paths.isEmpty { paths = [Array(minimum.pattern.text.utf8)] }
        return paths.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { path in
            let count = counts[path] ?? 0
            guard count < minimum.count, before.map({ count < $0[path] ?? 0 }) ?? true else { return nil }
            return .tooFewBelow(path: path, count: count, least: minimum.count)
        }
    }
}

// MARK: - Wording

extension GuardViolation {
    /// How many of several violations a log line names, and how much of a key.
    private static let shown = 3
    private static let shownLength = 200

    /// For a log line: what would be lost, and how much more.
    package static func text(_ violations: [GuardViolation]) -> String {
        let more = violations.count - shown
        return violations.prefix(shown).map(\.text).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private var text: String {
        switch self {
        case .tooFewKeys(let count, let least): "there would be \(Self.keys(count)) (min_keys \(least))"
        case .tooFewBelow(let path, let count, let least):
            "\(Self.name(path)) would have \(Self.keys(count)) (min_keys \(least))"
        case .droppedKeys(let lost, let total, let percent):
            "\(lost) of \(Self.keys(total)) would be gone (max_drop \(percent)%)"
        case .changedLines(let lost, let total, let percent):
            "\(lost) of \(total) \(total == 1 ? "line" : "lines") would change (max_change \(percent)%)"
        case .removedFiles(let names, let total, let most):
            "\(names.count) of \(total) files would be removed (max_remove allows \(most)): \(Self.list(names))"
        }
    }

    /// The first of some names, and how many more there are.
    package static func list(_ names: [String], shown: Int = 10) -> String {
        let more = names.count - shown
        return names.prefix(shown).map { name($0.utf8) }.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private static func keys(_ count: Int) -> String { "\(count) \(count == 1 ? "key" : "keys")" }

    private static func name(_ path: some Collection<UInt8>) -> String {
        String(decoding: path.prefix(shownLength), as: UTF8.self) + (path.count > shownLength ? "…" : "")
    }
}
