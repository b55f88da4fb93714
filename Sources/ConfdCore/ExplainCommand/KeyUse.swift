import Configuration
import Diagnostics
import Posix
import Staging

/// The use of one key in one file.
struct KeyUse {
    /// The file, or the one that it would be with another value of the key.
    let explanation: Explanation
    /// The numbers of the lines that the key decides.
    let lines: [Int]
    /// The same file with another value of the key.
    let supposed: Supposed

    enum Supposed {
        case nothing
        case other(Explanation)
        /// There would be no such file: that of an item.
        case noFile
        /// There is no such file now.
        case newFile
    }

    init(_ key: [UInt8], _ explanation: Explanation, supposed: Supposed) {
        self.explanation = explanation
        self.supposed = supposed
        lines = explanation.name(of: key).map { explanation.lines(decidedBy: $0) } ?? []
    }

    /// Whether another value would change anything.
    var changes: Bool {
        switch supposed {
        case .nothing: false
        case .other(let other): other.content != explanation.content
        case .noFile, .newFile: true
        }
    }

    /// The key, and each file with the lines.
    static func text(_ uses: [KeyUse], _ key: [UInt8], _ texts: ExplainText) -> [UInt8] {
        var head = String(decoding: key, as: UTF8.self)
        if texts.showsValues, let value = uses.lazy.compactMap({ texts.value(of: key, $0.explanation) }).first {
            head += " = \(value)"
        }
        if let revision = uses.first.flatMap({ ExplainText.revision(of: key, $0.explanation) }) {
            head += "   " + revision
        }
        if isMissing(key, uses) { head += "   (missing)" }
        let rows = uses.map { use -> [String] in
            let lines = ExplainText.ranges(use.lines)
            return [
                use.explanation.resource.name,
                use.explanation.resource.destination + (lines.isEmpty ? "   no line" : ":\(lines)")
                    + (use.explanation.hides(key) ? ": its health check hides it" : ""),
            ]
        }
        return Array((PrintableText.line(head) + "\n" + ExplainText.table(rows)).utf8)
    }

    /// Whether no file sees the key, and no health check hides it.
    static func isMissing(_ key: [UInt8], _ uses: [KeyUse]) -> Bool {
        !uses.isEmpty && uses.allSatisfy { !$0.explanation.has(key) && !$0.explanation.hides(key) }
    }

    /// The difference that the other value makes, as a unified diff; empty if there is none.
    func difference(context: Int, isColoured: Bool) -> [UInt8] {
        if !changes { return [] }
        let path = explanation.resource.destination
        if explanation.hidesValues {
            return Array("\(PrintableText.line(path)) would be another one; its values are not shown\n".utf8)
        }
        var style = DiffStyle()
        style.context = context
        style.isColoured = isColoured
        var output: [UInt8] = []
        fileDifference.write(style) { output += $0 }
        return output
    }

    private var fileDifference: FileDifference {
        let path = explanation.resource.destination
        let secrets = explanation.secrets
        switch supposed {
        case .nothing: return FileDifference(path: path, old: explanation.content, new: explanation.content)
        case .other(let other):
            return FileDifference(
                path: path, old: explanation.content, new: other.content, secrets: secrets + other.secrets)
        case .noFile: return FileDifference(removing: path, explanation.content, secrets: secrets)
        case .newFile: return FileDifference(path: path, old: nil, new: explanation.content, secrets: secrets)
        }
    }
}
