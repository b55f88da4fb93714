import Appliers
import Checks
import HTTP
import TOML

// The requests of `driver = "http"`.
extension ApplyReader {
    mutating func http() -> BalancerTarget? {
        let endpoint = endpoint(.http)
        let name = requiredText("backend")
        let list = request("list", .get, isRequired: true)
        let items = Self.pointer("items", in: &table) ?? JSONPointer("")
        let match = match()
        let add = request("add", .post, isRequired: true)
        let change = request("change", .put, isRequired: false)
        let remove = request("remove", .delete, isRequired: true)
        guard table.errors.isEmpty, let endpoint, let name, let list, let items, let match, let add, let remove else {
            return nil
        }
        do throws(GenericHTTPTarget.Problem) {
            return .http(
                try GenericHTTPTarget(
                    endpoint, name: name, list: list, items: items, identity: match.identity, pointers: match.pointers,
                    add: add, change: change, remove: remove))
        } catch {
            return table.refuse(Self.field(of: error), .apply(.requests(error)))
        }
    }

    private static func field(of problem: GenericHTTPTarget.Problem) -> String {
        switch problem {
        case .fieldInList: "list"
        case .handleInAdd: "add"
        case .fieldInRemove: "remove"
        case .drainIsNeverSent: "change"
        }
    }

    typealias Match = (identity: BalancerTraits.Identity, pointers: GenericHTTPTarget.Pointers)

    /// `match = { address = "/address", handle = "/id", weight = "/weight" }`
    private mutating func match() -> Match? {
        guard var reader = inner("match", isRequired: true) else { return nil }
        let match = Self.matchFields(&reader)
        let isOne = (reader.value("id") == nil) != (reader.value("address") == nil)
        close(reader, "match")
        guard isOne else { return table.refuse("match", .apply(.matchNeedsOne)) }
        return match
    }

    /// The fields of `match`; nil without one that tells servers apart.
    static func matchFields(_ reader: inout TableReader) -> Match? {
        let id = pointer("id", in: &reader)
        let address = pointer("address", in: &reader)
        let handle = pointer("handle", in: &reader)
        let weight = pointer("weight", in: &reader)
        let drain = pointer("drain", in: &reader)
        guard let key = id ?? address else { return nil }
        var pointers = GenericHTTPTarget.Pointers(match: key)
        pointers.handle = handle
        pointers.weight = weight
        pointers.drain = drain
        return (id == nil ? .address : .id, pointers)
    }

    private static func pointer(_ key: String, in reader: inout TableReader) -> JSONPointer? {
        guard let text = reader.text(key) else { return nil }
        return JSONPointer(text) ?? reader.refuse(key, .apply(.notPointer(text)))
    }

    /// `add = { method = "POST", path = "/servers", body = "…", expect_status = "201" }`
    private mutating func request(_ key: String, _ method: Request.Method, isRequired: Bool) -> RequestTemplate? {
        guard var reader = inner(key, isRequired: isRequired) else { return nil }
        let request = Self.requestFields(&reader, method)
        close(reader, key)
        return request
    }

    /// The fields of a request; nil if anything is wrong with them.
    static func requestFields(_ reader: inout TableReader, _ method: Request.Method) -> RequestTemplate? {
        let problems = reader.errors.count
        let method = self.method(method, in: &reader)
        let path = parts("path", in: &reader)
        let body = parts("body", in: &reader) ?? []
        var statuses = [200...299]
        if let text = reader.text("expect_status") {
            do throws(StatusRangesError) {
                statuses = try StatusRanges(parsing: text).ranges
            } catch {
                reader.note("expect_status", .notStatuses(error))
            }
        }
        if reader.value("path") == nil {
            reader.note("path", .required)
        } else if let path, !isPath(path) {
            reader.note("path", .apply(.notPath))
        }
        guard reader.errors.count == problems, let path else { return nil }
        return RequestTemplate(method, path, body: body, expectStatus: statuses)
    }

    private static func method(_ standard: Request.Method, in reader: inout TableReader) -> Request.Method {
        guard let text = reader.text("method") else { return standard }
        switch text {
        case "GET": return .get
        case "POST": return .post
        case "PUT": return .put
        case "PATCH": return .patch
        case "DELETE": return .delete
        default:
            reader.note("method", .apply(.notMethod(text)))
            return standard
        }
    }

    private static func parts(_ key: String, in reader: inout TableReader) -> [RequestTemplate.Part]? {
        guard let text = reader.text(key) else { return nil }
        do throws(RequestTemplate.Problem) {
            return try RequestTemplate.parts(text)
        } catch {
            return reader.refuse(key, .apply(.request(error)))
        }
    }

    private static func isPath(_ parts: [RequestTemplate.Part]) -> Bool {
        guard case .text(let start)? = parts.first, start.hasPrefix("/") else { return false }
        return parts.allSatisfy { part in
            guard case .text(let text) = part else { return true }
            return text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }
    }

    /// A reader of the table `key`; a missing one is noted if it is required.
    private mutating func inner(_ key: String, isRequired: Bool) -> TableReader? {
        guard let value = table.value(key, .table) else {
            if isRequired { table.note(key, .required) }
            return nil
        }
        guard case .table(let fields) = value.kind else { return table.refuse(key, .notTable(value.kind.type)) }
        return TableReader(fields, file: table.file, at: value.position)
    }

    private mutating func close(_ reader: TableReader, _ key: String) {
        table.add(reader.errors)
        table.add(reader.unknownKeys(in: key))
    }
}
