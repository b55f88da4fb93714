import KeyValue
import TextTemplate

/// What is noted while templates are rendered.
package enum Recording {
    /// Which actions are executed.
    case coverage(CoverageRecorder)
    /// Where the bytes of the output come from.
    case origins(OriginTrace)

    /// For the execution of `template`, the file at `path`, for the item `key` or for none.
    func trace(of template: Template, at path: ByteString, item key: ItemKey? = nil) -> Template.Trace {
        switch self {
        case .coverage(let recorder): .execution(recorder.trace(of: template, at: path))
        case .origins(let trace):
            .origins(trace, name: path, dot: key.map { trace.provenance(of: $0) } ?? Provenance())
        }
    }

    /// The same within a call of `include`, the second argument of which is the dot.
    func traceOfInclude(_ template: Template, at path: ByteString) -> Template.Trace {
        guard case .origins(let trace) = self, trace.arguments.count > 1 else {
            return self.trace(of: template, at: path)
        }
        return .origins(trace, name: path, dot: trace.arguments[1])
    }
}

/// The key of an item, as the template sees it.
struct ItemKey {
    let name: ByteString
    /// Whether it has a value. If not, it is a directory of keys.
    let hasValue: Bool
}

extension OriginTrace {
    /// The provenance of an item's fields: all but `index` depend on its own key alone.
    fileprivate func provenance(of key: ItemKey) -> Provenance {
        let fixed = Provenance(set(Origin(key.hasValue ? .key : .directory, key.name)))
        return Provenance(
            .none,
            .entries([
                "name": fixed, "key": fixed, "parts": fixed, "value": key.hasValue ? entry(key.name) : fixed,
                // Any key may add or remove an item that comes before this one.
                "index": Provenance(set(Origin(.directory, ByteString()))),
            ]))
    }
}
