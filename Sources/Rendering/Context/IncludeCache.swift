import KeyValue
import Synchronization
import TextTemplate

/// The parsed forms of included templates, for all renderings.
final class IncludeCache: Sendable {
    private struct Entry {
        let source: ByteString
        let template: Template
    }

    private let functions: [String: Function]
    private let entries = Mutex<[ByteString: Entry]>([:])
    /// At this size the cache is emptied; templates that are in use at a time are fewer.
    private static let mostEntries = 1024

    /// `functions` are what included templates may call.
    init(functions: [String: Function]) { self.functions = functions }

    /// The parsed form of `source`, the text at `path`.
    func template(_ source: ByteString, at path: ByteString) throws(TemplateError) -> Template {
        if let entry = entries.withLock({ $0[path] }), entry.source == source { return entry.template }
        let name =
            switch path.withBytes(Path.base) {
            case .range(let range): path[range].text
            case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
            }
        let template = try Template(source, name: name, functions: functions)
        entries.withLock { entries in
            if entries.count >= Self.mostEntries { entries = [:] }
            entries[path] = Entry(source: source, template: template)
        }
        return template
    }
}
