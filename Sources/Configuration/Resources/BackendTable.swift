import Backends
import KeyValue
import TOML

extension BackendLayer {
    /// A `[backend]` table. Errors are noted in `table`; the result must not be used if there are any.
    init(_ table: inout TableReader) {
        let backend = BackendConfiguration(&table)
        let mount = Path.join([[UInt8(ascii: "/")], Array((table.text("mount") ?? "/").utf8)])
        self.init(backend, mount: mount, isOptional: table.flag("optional") ?? false)
    }
}

extension BackendConfiguration {
    /// The `[backend]` table of a resource file. Errors are noted in `table`; the result must not be used if there are
    /// any.
    init(_ table: inout TableReader) {
        let name = table.text("backend")
        if let name, let unknown = UnknownBackend(name) {
            table.note("backend", .unknownBackend(unknown))
        } else if table.value("backend") == nil {
            table.note("backend", .noBackendName)
        }
        var options = BackendOptions()
        var places: [String: [TOMLPosition]] = [:]
        for option in BackendRegistry.options {
            options[option.name] = table.value(of: option, &places)
        }
        // The errors of the other keys are looked for in any case.
        let kind = name.flatMap { BackendRegistry.kind(named: $0) }
        self.init(kind: kind ?? BackendRegistry.standard, named: name ?? "", options: options)
        for problem in kind?.problems(of: self.options) ?? [] { table.note(problem, of: self.name, places) }
    }
}

extension TableReader {
    /// The value of `option`; the places of the elements of a list are put into `places`.
    fileprivate mutating func value(
        of option: BackendOption, _ places: inout [String: [TOMLPosition]]
    ) -> BackendOptions.Value? {
        switch option.form {
        case .flag: return flag(option.tableKey).map { .flag($0) }
        case .text, .choice: return text(option.tableKey).map { .text($0) }
        case .duration: return duration(option.tableKey).map { .duration($0) }
        case .list:
            guard let elements = texts(option.tableKey) else { return nil }
            places[option.name] = elements.map(\.position)
            return .list(elements.map(\.text))
        }
    }

    fileprivate mutating func note(
        _ problem: BackendProblem, of backend: String, _ places: [String: [TOMLPosition]]
    ) {
        switch problem {
        case .element(let option, let index, _):
            note(option.tableKey, at: places[option.name]?[index], .backend(problem, of: backend))
        case .missing(let option): note(option.tableKey, .backend(problem, of: backend))
        // The backend reports it when it connects.
        case .incomplete, .warning: break
        }
    }
}
