import Diagnostics
import Posix
import TOML

/// Reads `[template.reload]`: exactly one of `signal` and `http`.
struct ReloadReader {
    let environment: [String: String]
    private(set) var table: TableReader

    /// What `table` holds; what is wrong is noted in it, and then the result is nil.
    static func read(_ table: inout TableReader, _ environment: [String: String]) -> ReloadMethod? {
        let problems = table.errors.count
        var reader = ReloadReader(environment: environment, table: table)
        let method = reader.method()
        table = reader.table
        table.addWarnings(table.unknownKeys(in: "[template.reload]"))
        return table.errors.count == problems ? method : nil
    }

    private mutating func method() -> ReloadMethod? {
        let hasRequest = table.value("http", .table) != nil
        let hasSignal = table.value("signal") != nil
        // Both are looked at in any case, so that all errors of a table are found.
        let signal = processSignal()
        let request = RequestReader.read(
            "http", of: "[template.reload]", in: &table, standardMethod: "POST", environment)
        switch (hasSignal, hasRequest) {
        case (true, true): table.note("http", .severalReloads(["signal", "http"]))
        case (false, false): table.note("reload", .noReload)
        case (true, false): return signal.map { .signal($0) }
        case (false, true): return request.map { .request($0) }
        }
        return nil
    }

    // MARK: - A signal

    private mutating func processSignal() -> ProcessSignal? {
        let signal = table.signal("signal")
        let pidFile = table.expandedText("pid_file", environment)
        let process = table.text("process")
        guard table.value("signal") != nil else {
            for key in ["pid_file", "process"] where table.value(key) != nil { table.note(key, .onlyWith("signal")) }
            return nil
        }
        if let process, process.isEmpty { table.note("process", .required) }
        guard let pidFile, !pidFile.isEmpty else {
            if table.value("pid_file") == nil || pidFile != nil { table.note("pid_file", .required) }
            return nil
        }
        return signal.map { ProcessSignal(signal: $0, pidFile: pidFile, process: process) }
    }
}

extension ResourceParser {
    /// The reload of a resource: what takes the place of a command goes before it, and the signal for the child of
    /// `confd … -- COMMAND` before all.
    func reloadMethod(_ table: inout TableReader) -> ReloadMethod? {
        let command = reloadCommand(&table)
        let child = childSignal(&table)
        let method = reloadTable(&table)
        if let child { return .childSignal(child) }
        return method ?? command.map { .command($0) }
    }

    private func reloadTable(_ table: inout TableReader) -> ReloadMethod? {
        guard let value = table.value("reload", .table) else { return nil }
        guard case .table(let fields) = value.kind else {
            return table.refuse("reload", .notTable(value.kind.type))
        }
        if table.value("reload_cmd") != nil {
            table.note("reload", .severalReloads(["reload_cmd", "[template.reload]"]))
        }
        var reader = TableReader(fields, file: table.file, at: value.position)
        let method = ReloadReader.read(&reader, environment)
        table.add(reader.errors)
        table.addWarnings(reader.warnings)
        return method
    }

    /// The signal for the supervised command; without such a command the others are used.
    private func childSignal(_ table: inout TableReader) -> Signal? {
        guard let text = table.text("reload_signal"), !text.isEmpty else { return nil }
        let signal = table.signal("reload_signal")
        return settings.command.isEmpty ? nil : signal
    }
}

extension TableReader {
    /// A signal by name or number.
    mutating func signal(_ key: String) -> Signal? {
        guard let text = text(key) else { return nil }
        if let signal = Signal(named: text) { return signal }
        let near = Suggestion.nearest(to: text, among: Signal.allNames + Signal.allNames.map { "SIG" + $0 })
        return refuse(key, .unknownSignal(text, suggestion: near))
    }
}
