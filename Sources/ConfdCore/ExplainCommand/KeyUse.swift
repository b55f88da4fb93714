import Configuration
import Diagnostics
import Posix
import Staging

/// What a resource makes of one key.
struct KeyUse {
    let explanation: Explanation
    /// The numbers of the lines that the key decides.
    let lines: [Int]
    /// The same resource with another value of the key.
    let supposed: Explanation?

    init(_ key: [UInt8], _ explanation: Explanation, supposed: Explanation?) {
        self.explanation = explanation
        self.supposed = supposed
        lines = explanation.name(of: key).map { explanation.lines(decidedBy: $0) } ?? []
    }

    /// The key, and each file with the lines.
    static func text(_ uses: [KeyUse], _ key: [UInt8], _ texts: ExplainText) -> [UInt8] {
        var head = String(decoding: key, as: UTF8.self)
        if texts.showsValues, let value = uses.lazy.compactMap({ texts.value(of: key, $0.explanation) }).first {
            head += " = \(value)"
        }
        let rows = uses.map { use -> [String] in
            let lines = ExplainText.ranges(use.lines)
            return [
                use.explanation.resource.name,
                use.explanation.resource.destination + (lines.isEmpty ? "   no line" : ":\(lines)"),
            ]
        }
        return Array((PrintableText.line(head) + "\n" + ExplainText.table(rows)).utf8)
    }

    /// What would be otherwise, as a unified diff; nothing if nothing would.
    func difference(context: Int, isColoured: Bool) -> [UInt8] {
        guard let supposed, supposed.content != explanation.content else { return [] }
        let path = explanation.resource.destination
        if explanation.hidesValues {
            return Array("\(PrintableText.line(path)) would be another one; its values are not shown\n".utf8)
        }
        var style = DiffStyle()
        style.context = context
        style.isColoured = isColoured
        var output: [UInt8] = []
        FileDifference(
            path: path, old: explanation.content, new: supposed.content,
            secrets: explanation.secrets + supposed.secrets
        ).write(style) { output += $0 }
        return output
    }
}
