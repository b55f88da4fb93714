import Configuration
import Posix
import TextTemplate

/// `confd explain -json`.
extension StatusWriter {
    mutating func set(_ line: LineExplanation, _ explanation: Explanation, _ texts: ExplainText) {
        set("dest", explanation.resource.destination)
        set("resource", explanation.resource.name)
        set("revision", explanation.revision > 0 ? Int(explanation.revision) : nil)
        set("line", line.number)
        set("text", texts.lineText(line, explanation))
        array("pieces", line.pieces) { writer, piece in
            // Columns in bytes, from 1, as editors of the program have them.
            writer.set("column", piece.bytes.lowerBound - line.bytes.lowerBound + 1)
            writer.set("bytes", piece.bytes.count)
            writer.set("template", piece.isText)
            writer.set(piece.place)
            writer.set(piece.sources, explanation, texts)
        }
        array("because", line.reasons) { writer, reason in
            writer.set("action", reason.action)
            writer.set("taken", reason.isTaken)
            writer.set(reason.place)
            writer.set(reason.sources, explanation, texts)
        }
        set(explanation.hidden(near: line))
    }

    private mutating func set(_ hidden: [HiddenServer]) {
        array("hidden", hidden) { writer, server in
            writer.set("key", String(decoding: server.key, as: UTF8.self))
            writer.set("target", server.target)
            writer.set("reason", server.reason)
        }
    }

    private mutating func set(_ place: TemplatePlace) {
        member("place") {
            $0.set("file", place.name.text)
            $0.set("line", place.line)
            $0.set("column", place.column)
        }
    }

    private mutating func set(
        _ sources: [LineExplanation.Source], _ explanation: Explanation, _ texts: ExplainText
    ) {
        array("keys", sources) { writer, source in
            writer.set("key", String(decoding: source.key, as: UTF8.self))
            writer.set("path", source.path)
            writer.set("directory", source.isDirectory)
            writer.set("missing", source.isMissing)
            writer.set("revision", explanation.revision(of: source.key).map { Int($0) })
            if texts.showsValues { writer.set("value", texts.value(of: source.key, explanation)) }
        }
    }

    mutating func set(_ explanation: Explanation, _ texts: ExplainText) {
        let resource = explanation.resource
        set("resource", resource.name)
        set("dest", resource.destination)
        set("template", resource.source)
        set("backend", resource.layers.map(\.backend.name).joined(separator: ", "))
        set("prefix", String(decoding: resource.prefix, as: UTF8.self))
        array("ranges", resource.ranges) { $0.set("key", String(decoding: $1.path, as: UTF8.self)) }
        set("revision", explanation.revision > 0 ? Int(explanation.revision) : nil)
        set("sees", explanation.view.count)
        array("reads", explanation.readings) { writer, reading in
            writer.set("function", reading.function)
            writer.set("argument", reading.argument)
        }
        set(explanation.decidingKeys, explanation, texts)
        set(explanation.hidden)
    }

    mutating func set(_ uses: [KeyUse], key: [UInt8], supposes: Bool) {
        set("key", String(decoding: key, as: UTF8.self))
        set("revision", uses.first?.explanation.revision(of: key).map { Int($0) })
        set("missing", KeyUse.isMissing(key, uses))
        array("resources", uses) { writer, use in
            writer.set("resource", use.explanation.resource.name)
            writer.set("dest", use.explanation.resource.destination)
            writer.numbers("lines", use.lines)
            if supposes {
                writer.set("changes", use.changes)
                writer.set(
                    "diff",
                    String(decoding: use.difference(context: 3, isColoured: false), as: UTF8.self))
            }
        }
    }

    mutating func set(_ change: LastChangeReport, _ resource: Resource, _ explanation: Explanation?) {
        set("resource", resource.name)
        set("dest", resource.destination)
        set("replaced", change.time)
        set("revision", change.revision > 0 ? change.revision : nil)
        set("count", change.count)
        set("known", change.isKnown)
        array("causes", change.causes) { $0.set("cause", $1) }
        array("keys", Array(zip(change.keys, change.lines(explanation)))) { writer, item in
            let (key, lines) = item
            writer.set("key", key.name)
            writer.set("deleted", key.change == .delete)
            writer.set("change", key.change.rawValue)
            writer.numbers("lines", lines)
        }
    }
}
