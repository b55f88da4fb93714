import KeyValue
import TextTemplate

/// What is noted while templates are rendered.
package enum Recording {
    /// Which actions are executed.
    case coverage(CoverageRecorder)
    /// Where the bytes of the output come from.
    case origins(OriginTrace)

    /// For the execution of `template`, the file at `path`.
    func trace(of template: Template, at path: ByteString) -> Template.Trace {
        switch self {
        case .coverage(let recorder): .execution(recorder.trace(of: template, at: path))
        case .origins(let trace): .origins(trace, name: path, dot: Provenance())
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
