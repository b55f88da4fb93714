import Rendering
import TextTemplate

/// Which actions of templates were executed by no case, and which sides of conditions.
struct CoverageReport {
    private struct File {
        let path: String
        let actions: [ActionCoverage]
    }

    private let files: [File]
    /// Templates that no case has rendered.
    private let unused: [String]

    /// `templates` are the paths of all templates that resources name.
    init(_ recorder: CoverageRecorder, templates: Set<String>) {
        files = recorder.templates.map { File(path: $0.path.text, actions: $0.actions) }
        unused = templates.subtracting(files.map(\.path)).sorted()
    }

    /// A line for each template, and one for each of its actions and sides that was not reached.
    var text: String {
        var lines: [String] = []
        for file in files {
            let sides = file.actions.compactMap(\.sides)
            let reached = sides.reduce(0) { $0 + ($1.entered > 0 ? 1 : 0) + ($1.skipped > 0 ? 1 : 0) }
            lines.append(
                "\(file.path): \(file.actions.count { $0.count > 0 }) of \(file.actions.count) actions, "
                    + "\(reached) of \(sides.count * 2) sides")
            for action in file.actions {
                lines += action.gaps.map { "\(file.path):\(action.line):\(action.column): \($0): \(action.text.text)" }
            }
        }
        lines += unused.map { "\($0): no case renders it" }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The same in the form of lcov's tracefiles: lines with how often their actions were executed, and two branches for
    /// each condition.
    var lcov: String {
        files.map { file in
            var lines = ["TN:", "SF:\(file.path)"]
            let counts = Dictionary(file.actions.map { ($0.line, $0.count) }, uniquingKeysWith: max)
            lines += counts.sorted { $0.key < $1.key }.map { "DA:\($0.key),\($0.value)" }
            lines += ["LF:\(counts.count)", "LH:\(counts.values.count { $0 > 0 })"]
            var found = 0
            var hit = 0
            for (block, action) in file.actions.enumerated() {
                guard let sides = action.sides else { continue }
                for (branch, taken) in [sides.entered, sides.skipped].enumerated() {
                    found += 1
                    if taken > 0 { hit += 1 }
                    lines.append("BRDA:\(action.line),\(block),\(branch),\(action.count > 0 ? "\(taken)" : "-")")
                }
            }
            return (lines + ["BRF:\(found)", "BRH:\(hit)", "end_of_record"]).map { $0 + "\n" }.joined()
        }.joined()
    }
}

extension ActionCoverage {
    /// What no case has reached.
    fileprivate var gaps: [String] {
        if count == 0 { return ["never reached"] }
        guard let sides else { return [] }
        let names =
            switch sides.kind {
            case .condition: (entered: "never true", skipped: "never false")
            case .range: (entered: "always empty", skipped: "never empty")
            }
        return (sides.entered == 0 ? [names.entered] : []) + (sides.skipped == 0 ? [names.skipped] : [])
    }
}
