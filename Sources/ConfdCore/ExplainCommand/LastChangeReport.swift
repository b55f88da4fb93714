import Applying
import Configuration
import Diagnostics
import Posix

/// What a daemon says of the last replacement of a file; see `LastChange.text`.
struct LastChangeReport: Equatable {
    /// nil if its file was never replaced.
    let time: String?
    let revision: Int
    /// How many keys changed; nil if that was before the daemon began.
    let count: Int?
    /// Whether these are the keys that changed; if not, they are all that there were.
    let isKnown: Bool
    let keys: [Key]
    /// Causes besides keys, in words.
    let causes: [String]

    struct Key: Equatable {
        let name: String
        let change: AppliedChange.KeyChange
    }

    static func ask(_ client: DaemonClient, _ resource: String) throws(DaemonClient.Problem) -> LastChangeReport {
        LastChangeReport(
            parsing: String(
                decoding: try client.get(ResourcePath.last.path(of: resource), within: .seconds(10)), as: UTF8.self))
    }

    init(parsing text: String) {
        var time: String?
        var revision = 0
        var count: Int?
        var isKnown = false
        var keys: [Key] = []
        var causes: [String] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "time": time = parts[1]
            case "revision": revision = Int(parts[1]) ?? 0
            case "keys":
                let words = parts[1].split(separator: " ")
                count = words.first.flatMap { Int($0) }
                isKnown = words.last == "changed"
            case "cause": causes.append(parts[1])
            default:
                guard let change = AppliedChange.KeyChange(rawValue: parts[0]) else { continue }
                keys.append(Key(name: parts[1], change: change))
            }
        }
        (self.time, self.revision, self.count, self.isKnown) = (time, revision, count, isKnown)
        (self.keys, self.causes) = (keys, causes)
    }

    /// For each key, the lines that it decides in the present file, by itself or together with the other keys.
    func lines(_ explanation: Explanation?) -> [[Int]] {
        let names = keys.map { explanation?.name(of: Array($0.name.utf8)) }
        let all = Set(names.compactMap { $0 })
        return names.map { name in name.flatMap { explanation?.lines(decidedBy: $0, with: all) } ?? [] }
    }

    func text(_ resource: Resource, _ explanation: Explanation?) -> String {
        guard let time else { return PrintableText.line(resource.name) + "\n  its file was not replaced yet\n" }
        var rows = [["dest", resource.destination], ["replaced", time]]
        if revision > 0 { rows.append(["revision", "\(revision)"]) }
        guard let count else {
            return head(resource, rows + [["keys", "not known: it was before the daemon began"]])
        }
        if !isKnown, causes.isEmpty {
            rows.append(["keys", "which of \(count) changed is not known: it was the daemon's first file"])
        }
        rows += causes.map { ["because", $0] }
        for (key, lines) in zip(keys, lines(explanation)) where isKnown {
            let lines = ExplainText.ranges(lines)
            rows.append([
                key.change.rawValue, key.name, lines.isEmpty ? "" : "\(resource.destination):\(lines)",
            ])
        }
        if isKnown, count > keys.count { rows.append(["", "and \(count - keys.count) more keys"]) }
        return head(resource, rows)
    }

    private func head(_ resource: Resource, _ rows: [[String]]) -> String {
        PrintableText.line(resource.name) + "\n" + ExplainText.table(rows)
    }
}
