import Checks
import Diagnostics
import TOML
import TextTemplate

/// Reads a table that describes a request to a service: `http` of `[template.reload]`, `verify_http` of `[template.rollout]`.
struct RequestReader {
    let environment: [String: String]
    private(set) var table: TableReader

    init(_ table: TableReader, _ environment: [String: String]) {
        self.table = table
        self.environment = environment
    }

    /// The request that the table `key` of `outer` describes, nil if there is none; what is wrong is noted in `outer`, and then
    /// the result is nil too. `name` is what messages call `outer`.
    static func read(
        _ key: String, of name: String, in outer: inout TableReader, standardMethod: String,
        _ environment: [String: String]
    ) -> ServiceRequest? {
        guard let value = outer.value(key, .table) else { return nil }
        guard case .table(let fields) = value.kind else { return outer.refuse(key, .notTable(value.kind.type)) }
        var reader = RequestReader(TableReader(fields, file: outer.file, at: value.position), environment)
        let request = reader.fields(standardMethod: standardMethod)
        outer.add(reader.table.errors)
        outer.addWarnings(reader.table.warnings + reader.table.unknownKeys(in: "\(key) of \(name)"))
        return reader.table.errors.isEmpty ? request : nil
    }

    /// The fields of the table.
    mutating func fields(standardMethod: String) -> ServiceRequest? {
        let method = method(standard: standardMethod)
        let headers = headers()
        let bodyFile = bodyFile(method: method)
        let status = table.statuses() ?? .success
        let tokenFile = path("token_file")
        let url = url()
        let certificates = certificates(isUsed: url?.isSecure ?? true)
        guard let url else { return nil }
        return ServiceRequest(
            method: method, url: url, headers: headers, bodyFile: bodyFile, expectedStatus: status,
            tokenFile: tokenFile, certificates: certificates)
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
        guard table.value("url", .text) != nil else { return table.refuse("url", .required) }
        guard let text = table.expandedText("url", environment) else { return nil }
        do throws(RequestURL.Problem) {
            return try RequestURL(text)
        } catch {
            return table.refuse("url", .notRequestURL(error))
        }
    }

    /// Those that carry credentials are refused: these come from files only.
    private static let credentials = ["authorization", "proxy-authorization", "cookie"]
    /// Those that the HTTP client sets itself.
    private static let ofClient = ["content-length", "transfer-encoding", "connection", "expect"]

    private mutating func headers() -> [ServiceRequest.Header] {
        let headers = table.headers()
        if headers.count > 64 { table.note("headers", .check(.tooManyHeaders(headers.count))) }
        for (name, value, position) in headers {
            if Self.credentials.contains(name.lowercased()) {
                table.note("headers", at: position, .credentialHeader(name))
            } else if Self.ofClient.contains(name.lowercased()) || !RequestSyntax.isHeader(name, value) {
                table.note("headers", at: position, .check(.header(name)))
            }
        }
        return headers.map { ServiceRequest.Header(name: $0.name, value: $0.value) }
    }

    private mutating func bodyFile(method: String) -> CommandWord? {
        guard let text = table.expandedText("body_file", environment) else { return nil }
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

    /// The path of a file that is read when the request is sent.
    private mutating func path(_ key: String) -> String? {
        guard let path = table.expandedText(key, environment) else { return nil }
        return path.isEmpty ? table.refuse(key, .required) : path
    }

    private mutating func certificates(isUsed: Bool) -> ServiceRequest.Certificates {
        let files = ServiceRequest.Certificates(
            authorityFile: path("ca_file"), certificateFile: path("client_cert"), keyFile: path("client_key"))
        for key in ["ca_file", "client_cert", "client_key"] where !isUsed && table.value(key) != nil {
            table.note(key, .onlyWith("a url of https"))
        }
        if isUsed, table.value("client_key") != nil, table.value("client_cert") == nil {
            table.note("client_key", .onlyWith("client_cert"))
        }
        return files
    }
}

extension TableReader {
    /// The field `expect_status`; nil without it, and noted if it is malformed.
    mutating func statuses() -> StatusRanges? {
        guard let text = text("expect_status") else { return nil }
        do throws(StatusRangesError) { return try StatusRanges(parsing: text) } catch {
            note("expect_status", .notStatuses(error))
            return nil
        }
    }

    /// The table `headers`, in the order of the names. Not through a reader of its own: that would not tell `X-Probe` from
    /// `x_probe`.
    mutating func headers() -> [(name: String, value: String, position: TOMLPosition)] {
        guard let value = value("headers", .table) else { return [] }
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

    /// A text with the environment's variables in it (`${VAR}`); what is wrong with them is noted.
    mutating func expandedText(_ key: String, _ environment: [String: String]) -> String? {
        guard let text = text(key) else { return nil }
        do {
            return try VariableExpansion.expand(text, environment)
        } catch {
            return refuse(key, .variable(error))
        }
    }
}
