import Diagnostics

/// Whether a text is YAML, however many documents it has.
package enum YAMLSyntax {
    /// How many mappings and lists may be inside each other: libyaml takes time in proportion to the depth for each token.
    package static let maximumDepth = 256

    /// Throws the first error of `bytes`: syntax, an alias without its anchor in the same document, or mappings and lists
    /// nested deeper than `maximumDepth`. Aliases are not followed, so that time and memory are linear in `bytes`.
    package static func check(_ bytes: [UInt8]) throws(YAMLError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(YAMLError) in
            let events = YAMLEvents(bytes)
            var anchors: Set<[UInt8]> = []
            var depth = 0
            while true {
                let event = try events.next()
                if let anchor = event.anchor { anchors.insert(anchor) }
                switch event.kind {
                case .streamEnd: return
                case .documentStart: anchors = []
                case .alias(let name) where !anchors.contains(name):
                    let text = String(decoding: name, as: UTF8.self)
                    throw YAMLError("unknown anchor \"\(text)\"", at: event.position)
                case .sequenceStart, .mappingStart:
                    if depth == maximumDepth {
                        throw YAMLError(
                            "mappings and lists are nested more than \(depth) levels deep", at: event.position)
                    }
                    depth += 1
                case .sequenceEnd, .mappingEnd: depth -= 1
                case .streamStart, .documentEnd, .scalar, .alias: break
                }
            }
        }
    }
}
