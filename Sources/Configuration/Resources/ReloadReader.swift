import Checks
import Diagnostics
import Posix
import TOML
import TextTemplate

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
        let hasRequest = table.value("http") != nil
        let hasSignal = table.value("signal") != nil
        // Both are looked at in any case, so that all errors of a table are found.
        let signal = processSignal()
        let request = hasRequest ? request() : nil
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
        let pidFile = expanded("pid_file")
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

    // MARK: - A request

    private mutating func request() -> ReloadRequest? {
        guard let value = table.value("http") else { return nil }
        guard case .table(let fields) = value.kind else {
            return table.refuse("http", .notTable(value.kind.type))
        }
        let outer = table
        table = TableReader(fields, file: outer.file, at: value.position)
        let request = requestFields()
        let inner = table
        table = outer
        table.add(inner.errors)
        table.addWarnings(inner.warnings + inner.unknownKeys(in: "http of [template.reload]"))
        return request
    }

    /// The fields of the table `http`.
    mutating func requestFields() -> ReloadRequest? {
        let method = method(standard: "POST")
        let headers = headers()
        let bodyFile = bodyFile(method: method)
        let status = statuses()
        let tokenFile = expanded("token_file")
        if let tokenFile, tokenFile.isEmpty { table.note("token_file", .required) }
        guard let url = url() else { return nil }
        return ReloadRequest(
            method: method, url: url, headers: headers, bodyFile: bodyFile, expectedStatus: status, tokenFile: tokenFile
        )
    }

    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

    private mutating func method(standard: String) -> String {
        guard let text = table.text("method") else { return standard }
        if !Self.methods.contains(text) {
            let near = Suggestion.nearest(to: text.uppercased(), among: Self.methods)
            table.note("method", .notAmong(text, Self.methods, suggestion: near))
        }
        return text
    }

    private mutating func url() -> RequestURL? {
        guard table.value("url") != nil else { return table.refuse("url", .required) }
        guard let text = expanded("url") else { return nil }
        do throws(RequestURL.Problem) {
            return try RequestURL(text)
        } catch {
            return table.refuse("url", .notRequestURL(error))
        }
    }

    /// Those that carry credentials are refused: these come from files only.
    private static let credentials = ["authorization", "proxy-authorization", "cookie"]
    /// Those that say where the body ends.
    private static let ofClient = ["content-length", "transfer-encoding", "connection", "expect"]

    private mutating func headers() -> [ReloadRequest.Header] {
        let headers = table.headers()
        if headers.count > 64 { table.note("headers", .check(.tooManyHeaders(headers.count))) }
        for (name, value, position) in headers {
            if Self.credentials.contains(name.lowercased()) {
                table.note("headers", at: position, .credentialHeader(name))
            } else if Self.ofClient.contains(name.lowercased()) || !RequestSyntax.isHeader(name, value) {
                table.note("headers", at: position, .check(.header(name)))
            }
        }
        return headers.map { ReloadRequest.Header(name: $0.name, value: $0.value) }
    }

    private mutating func bodyFile(method: String) -> CommandWord? {
        guard let text = expanded("body_file") else { return nil }
        if text.isEmpty { return table.refuse("body_file", .required) }
        if ["GET", "HEAD"].contains(method) { return table.refuse("body_file", .noBody(method: method)) }
        do throws(TemplateError) {
            let word = try CommandWord(text, .template, field: "body_file")
            if word.fields.contains("src") { return table.refuse("body_file", .sourceIsGone) }
            return word
        } catch {
            return table.refuse("body_file", .bodyTemplate(reason: error.reason.text))
        }
    }

    private mutating func statuses() -> StatusRanges {
        guard let text = table.text("expect_status") else { return .success }
        do throws(StatusRangesError) {
            return try StatusRanges(parsing: text)
        } catch {
            table.note("expect_status", .notStatuses(error))
            return .success
        }
    }

    private mutating func expanded(_ key: String) -> String? {
        guard let text = table.text(key) else { return nil }
        do {
            return try VariableExpansion.expand(text, environment)
        } catch {
            return table.refuse(key, .variable(error))
        }
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
        guard let value = table.value("reload") else { return nil }
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

    /// The table `headers`, in the order of the names. Not through a reader of its own: that would not tell `X-Probe` from
    /// `x_probe`.
    mutating func headers() -> [(name: String, value: String, position: TOMLPosition)] {
        guard let value = value("headers") else { return [] }
        guard case .table(let headers) = value.kind else {
            note("headers", at: value.position, .notTable(value.kind.type))
            return []
        }
        var found: [(name: String, value: String, position: TOMLPosition)] = []
        for entry in headers.entries.sorted(by: { $0.key < $1.key }) {
            if case .string(let text) = entry.value.kind {
                found.append((entry.key, text, entry.value.position))
            } else {
                note("headers", at: entry.value.position, .wrongType(entry.value.kind.type, wanted: .string, .quotes))
            }
        }
        return found
    }
}
