import Backends
import KeyValue
import Posix
import TOML

/// Reads one resource file: bytes → resources, with everything checked that needs no backend. All errors of a file
/// are found, not only the first.
struct ResourceParser {
    let settings: Settings
    let environment: [String: String]
    let templateFolder: String
    let defaultLayers: [BackendLayer]

    /// A parser for tables that do not depend on the settings.
    static func withoutSettings(environment: [String: String] = [:]) -> ResourceParser {
        let settings = Settings()
        return ResourceParser(
            settings: settings, environment: environment, templateFolder: "", defaultLayers: settings.layers)
    }

    /// The good resources of a file, its errors and its warnings.
    struct Result {
        var resources: [Resource] = []
        var services: [ServiceDefinition] = []
        /// The key of each service, also of those that cannot be used.
        var serviceKeys: [ServiceKey] = []
        var errors: [ResourceError] = []
        var warnings: [ResourceError] = []
        /// Valid but probably a mistake; reported by `-validate` only.
        var advice: [ResourceError] = []
        /// The dest of each `[template]`, also of those that cannot be used.
        var destinations: [Claim] = []
        /// Templates of all resources, also of those that have errors.
        var templates: [TemplateUse] = []
        /// How many resources and services there are in it, whether or not they can be used.
        var tableCount = 0

        /// How many of them cannot be used; a file that cannot be read at all is one.
        var unusableCount: Int {
            errors.isEmpty ? 0 : max(1, tableCount - resources.count - services.count)
        }
    }

    /// The file that a resource writes.
    struct Claim {
        let resource: String
        let destination: String
        /// The template, if it exists.
        let source: String?
        let position: TOMLPosition
        /// The place of its `[template.apply]`.
        let applyPosition: TOMLPosition
    }

    /// The key that a service keeps in the store, as far as it can be told when the file is loaded.
    struct ServiceKey {
        let service: String
        let key: [UInt8]
        let position: TOMLPosition
    }

    /// The resources of the file at `path`, called `name` below conf.d.
    func parse(_ bytes: [UInt8], path: String, name: String) -> Result {
        var result = Result()
        do {
            try parse(bytes, path: path, name: name, into: &result)
        } catch {
            result.errors.append(error)
        }
        if settings.strict {
            result.errors += result.warnings
            if !result.warnings.isEmpty {
                result.resources = []
                result.services = []
            }
            result.warnings = []
        }
        result.errors = result.errors.map { $0.showing(bytes) }
        result.warnings = result.warnings.map { $0.showing(bytes) }
        result.advice = result.advice.map { $0.showing(bytes) }
        return result
    }

    private func parse(
        _ bytes: [UInt8], path: String, name: String, into result: inout Result
    ) throws(ResourceError) {
        let root: TOMLTable
        do {
            root = try TOMLParser.parse(bytes)
        } catch {
            throw ResourceError(path, error.position, .notTOML(error))
        }
        let start = TOMLPosition(line: 1, column: 1)
        var top = TableReader(root, file: path, at: start)
        let layers = backendTables(&top, path, &result)
        services(&top, name: name, layers: layers, &result)
        let templates = try templateTables(&top, path)
        result.warnings += top.unknownKeys(in: "the file", otherNames: Self.otherTables)
        for (number, (table, position)) in templates.enumerated() {
            let name = number == 0 ? name : "\(name)#\(number + 1)"
            result.tableCount += 1
            var reader = TableReader(table, file: path, at: position)
            let resource = resource(&reader, bytes: bytes, name: name, layers: layers ?? defaultLayers)
            result.errors += reader.errors
            result.warnings += reader.warnings + reader.unknownKeys(in: "[template]", otherNames: Self.otherFields)
            result.advice += reader.advice
            if let source = resource.source {
                result.templates.append(
                    TemplateUse(path: source, leftDelimiter: resource.left, rightDelimiter: resource.right))
            }
            if let destination = resource.destination {
                result.destinations.append(
                    Claim(
                        resource: name, destination: destination, source: resource.source,
                        position: reader.place(of: "dest"), applyPosition: reader.place(of: "apply")))
            }
            if let complete = resource.complete, layers != nil { result.resources.append(complete) }
        }
    }

    /// `[template]` is one table, `[[template]]` any number of them.
    private func templateTables(
        _ top: inout TableReader, _ path: String
    ) throws(ResourceError) -> [(TOMLTable, TOMLPosition)] {
        guard let value = top.value("template") else {
            // A file may hold services alone.
            if top.value("service") != nil { return [] }
            throw missingTemplate(top, path)
        }
        switch value.kind {
        case .table(let table): return [(table, value.position)]
        case .array(let elements):
            if elements.isEmpty { throw ResourceError(path, value.position, .noTableInTemplate, field: "template") }
            var tables: [(TOMLTable, TOMLPosition)] = []
            for element in elements {
                guard case .table(let table) = element.kind else {
                    throw ResourceError(path, element.position, .notTable(element.kind.type), field: "template")
                }
                tables.append((table, element.position))
            }
            return tables
        default:
            throw ResourceError(path, value.position, .notTable(value.kind.type), field: "template")
        }
    }

    /// The backends of the file's resources, one for each `[backend]` or `[[backend]]`; nil if there is an error.
    private func backendTables(
        _ top: inout TableReader, _ path: String, _ result: inout Result
    ) -> [BackendLayer]? {
        guard top.value("backend") != nil else { return defaultLayers }
        let known = top.errors.count
        let tables = top.tables("backend")
        var errors = Array(top.errors[known...])
        var layers: [BackendLayer] = []
        for (table, position) in tables {
            var reader = TableReader(table, file: path, at: position)
            layers.append(BackendLayer(&reader))
            errors += reader.errors
            result.warnings += reader.unknownKeys(in: "[backend]", otherNames: BackendConfiguration.otherKeys)
        }
        result.errors += errors
        if layers.isEmpty, errors.isEmpty { return defaultLayers }
        return errors.isEmpty ? layers : nil
    }
}

/// A template and how it is read.
package struct TemplateUse: Hashable, Sendable {
    package let path: String
    package let leftDelimiter: String
    package let rightDelimiter: String

    /// The template at `path`, with the delimiters that its resource gives it.
    package init(path: String, leftDelimiter: String, rightDelimiter: String) {
        self.path = path
        self.leftDelimiter = leftDelimiter
        self.rightDelimiter = rightDelimiter
    }
}
