import TextTemplate

/// Notes which actions of templates are executed, over any number of renderings. Used by one thread.
package final class CoverageRecorder {
    private struct Entry {
        let template: Template
        let trace: ExecutionTrace
    }

    private var entries: [ByteString: Entry] = [:]

    package init() {}

    /// The trace for executions of `template`, the file at `path`, which must not change meanwhile.
    func trace(of template: Template, at path: ByteString) -> ExecutionTrace {
        if let entry = entries[path] { return entry.trace }
        let entry = Entry(template: template, trace: ExecutionTrace(of: template))
        entries[path] = entry
        return entry.trace
    }

    /// The actions of each template that was rendered or included, by its path.
    package var templates: [(path: ByteString, actions: [ActionCoverage])] {
        entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value.template.coverage($0.value.trace)) }
    }
}
