import Diagnostics
import Posix
import TextTemplate

/// What `confd explain` says, as text.
struct ExplainText {
    /// The directory of templates; paths of templates are shown relative to it.
    let templateFolder: String
    let showsValues: Bool

    private static let longestText = 2_000
    private static let longestPiece = 32
    private static let mostKeys = 20
    static let mask = "***"

    // MARK: - A line

    func text(_ line: LineExplanation, of explanation: Explanation) -> String {
        let head = "\(Files.split(explanation.resource.destination).name):\(line.number)"
        var rows: [[String]] = []
        var textLines: Set<String> = []
        for piece in line.pieces {
            guard !piece.isText else {
                if textLines.insert("\(piece.place.name):\(piece.place.line)").inserted {
                    rows.append(["text", place(piece.place)])
                }
                continue
            }
            let shown = shown(piece, explanation)
            if piece.sources.isEmpty { rows.append([shown, "no key", place(piece.place)]) }
            rows += self.rows(piece.sources, first: shown, explanation)
        }
        for reason in line.reasons {
            let action = bounded(reason.action, Self.longestText)
            rows.append(["because", reason.isTaken ? action : "not \(action)", place(reason.place)])
            rows += self.rows(reason.sources, first: "", explanation)
        }
        rows += Self.list("hidden", explanation.hidden(near: line).map(Self.cells(of:)))
        rows += Self.list("all shown", explanation.groupsShownAsWhole(near: line).map { Self.cells(ofGroup: $0) })
        if explanation.revision > 0 { rows.append(["revision", "\(explanation.revision)"]) }
        return head + "   " + PrintableText.line(lineText(line, explanation)) + "\n" + Self.table(rows)
    }

    private func rows(_ sources: [LineExplanation.Source], first: String, _ explanation: Explanation) -> [[String]] {
        var rows = sources.prefix(Self.mostKeys).map {
            [first, self.key($0, explanation), Self.remark($0, explanation)]
        }
        for index in rows.indices.dropFirst() { rows[index][0] = "" }
        if sources.count > Self.mostKeys { rows.append(["", "and \(sources.count - Self.mostKeys) more keys"]) }
        return rows
    }

    /// The key, with its value where that is wanted.
    private func key(_ source: LineExplanation.Source, _ explanation: Explanation) -> String {
        let key =
            bounded(String(decoding: source.key, as: UTF8.self), Self.longestText) + (source.isDirectory ? "/" : "")
        guard showsValues, !source.isDirectory, let value = value(of: source.key, explanation) else { return key }
        return "\(key) = \(value)"
    }

    func value(of key: [UInt8], _ explanation: Explanation) -> String? {
        guard let name = explanation.name(of: key), let index = name.withBytes({ explanation.view.find($0) }) else {
            return nil
        }
        if explanation.hidesValues { return Self.mask }
        return bounded(String(decoding: explanation.view.value(at: index).array, as: UTF8.self), Self.longestText)
    }

    private static func remark(_ source: LineExplanation.Source, _ explanation: Explanation) -> String {
        if source.isMissing { return "(missing)" }
        if source.isDirectory { return "(any key below)" }
        let path = source.path.isEmpty ? nil : "(\(source.path))"
        return [path, revision(of: source.key, explanation)].compactMap { $0 }.joined(separator: "   ")
    }

    /// When the key was changed last; nil if that is not known.
    static func revision(of key: [UInt8], _ explanation: Explanation) -> String? {
        explanation.revision(of: key).map { "revision \($0)" }
    }

    private func shown(_ piece: LineExplanation.Piece, _ explanation: Explanation) -> String {
        if Self.isHidden(piece, explanation) || explanation.isSecret(piece.bytes) { return Self.mask }
        if piece.bytes.isEmpty { return "(empty)" }
        return bounded(String(decoding: explanation.content[piece.bytes], as: UTF8.self), Self.longestPiece)
    }

    /// The line, with what comes of secrets masked.
    func lineText(_ line: LineExplanation, _ explanation: Explanation) -> String {
        if explanation.isSecret(line.bytes) { return Self.mask }
        let pieces = LineExplanation(line.number, of: explanation).pieces.filter { !$0.bytes.isEmpty }
        let text = pieces.map { piece in
            Self.isHidden(piece, explanation)
                ? Self.mask : String(decoding: explanation.content[piece.bytes], as: UTF8.self)
        }.joined()
        return bounded(text, Self.longestText)
    }

    /// Whether a piece of the line is made of a secret, whatever a template made of it.
    private static func isHidden(_ piece: LineExplanation.Piece, _ explanation: Explanation) -> Bool {
        explanation.hidesValues && !piece.sources.isEmpty || piece.sources.contains(where: \.isSecret)
    }

    func place(_ place: TemplatePlace) -> String { "\(template(place.name.text)):\(place.line):\(place.column)" }

    private func template(_ path: String) -> String {
        path.hasPrefix(templateFolder + "/") ? String(path.dropFirst(templateFolder.count + 1)) : path
    }

    // MARK: - A resource

    func text(of explanation: Explanation) -> String {
        let resource = explanation.resource
        let keys = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }
        var rows = [
            ["dest", resource.destination], ["template", resource.source],
            [
                "backend",
                resource.layers.map { $0.backend.name + " " + $0.backend.sources.joined(separator: ", ") }
                    .joined(separator: "; "),
            ],
            ["prefix", String(decoding: resource.prefix, as: UTF8.self)],
            ["keys", keys.isEmpty ? "none" : keys.joined(separator: ", ")],
            ["sees", "\(explanation.view.count) keys" + Self.revision(explanation.revision)],
        ]
        rows += Self.list("reads", explanation.readings.map { ["\($0.function) \($0.argument)"] })
        let deciding = explanation.decidingKeys
        let values = deciding.filter { !$0.isMissing }.map { [key($0, explanation), Self.remark($0, explanation)] }
        rows += Self.list("made of", values)
        rows += Self.list("hidden", explanation.hidden.map(Self.cells(of:)))
        rows += Self.list("all shown", explanation.groupsShownAsWhole.map { Self.cells(ofGroup: $0) })
        rows += Self.list("missing", deciding.filter(\.isMissing).map { [key($0, explanation)] })
        return "\(PrintableText.line(resource.name))\n" + Self.table(rows)
    }

    private static func cells(of server: HiddenServer) -> [String] {
        [String(decoding: server.key, as: UTF8.self), server.target, server.reason]
    }

    private static func cells(ofGroup group: [UInt8]) -> [String] {
        [String(decoding: group, as: UTF8.self), "fewer servers are up than min_healthy"]
    }

    private static func revision(_ revision: Int64) -> String { revision > 0 ? ", revision \(revision)" : "" }

    /// A heading before the first of several rows, of which there are not too many.
    private static func list(_ heading: String, _ rows: [[String]]) -> [[String]] {
        var shown = rows.prefix(mostKeys * 5).enumerated().map { [$0.offset == 0 ? heading : ""] + $0.element }
        if rows.count > shown.count { shown.append(["", "and \(rows.count - shown.count) more"]) }
        return shown
    }

    // MARK: - Forms

    /// Rows below each other, their first columns in line.
    static func table(_ rows: [[String]]) -> String {
        let printable = rows.map { $0.map(PrintableText.line) }
        let width = printable.map { $0[0].count }.max() ?? 0
        return printable.map { row in
            let first = row[0] + String(repeating: " ", count: width - row[0].count)
            var line = (["  " + first] + row.dropFirst().filter { !$0.isEmpty }).joined(separator: "   ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    private func bounded(_ text: String, _ limit: Int) -> String {
        text.utf8.count > limit ? String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "…" : text
    }

    /// `7, 9-12`.
    static func ranges(_ lines: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for line in lines {
            if let last = ranges.last, last.upperBound == line - 1 {
                ranges[ranges.count - 1] = last.lowerBound...line
            } else {
                ranges.append(line...line)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}

extension Explanation {
    /// What the template asked the store for, with whole keys and patterns.
    var readings: [(function: String, argument: String)] {
        trace.questions.map { ($0.function, String(decoding: key($0.argument), as: UTF8.self)) }
    }

    /// All keys that decide something, in order.
    var decidingKeys: [LineExplanation.Source] {
        let sets = output.writes.map(\.origins) + output.conditions.map(\.origins)
        // A key once, whatever parts of its value were used.
        let whole = trace.table.origins(of: sets).map { Origin($0.kind, $0.name) }
        let set = Set(whole)
        return set.map { origin in
            LineExplanation.Source(
                key: key(origin.name), path: "", isDirectory: origin.kind == .directory,
                isMissing: origin.kind == .key && !isThere(origin.name))
        }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }
}
