import Backends
import TOML

/// Finds which fields the readers of tables ask for, and in which form, by letting them read nearly empty tables.
enum FieldProbe {
    static var template: [String: FieldForm] {
        var reader = reader("")
        _ = parser.resource(&reader, bytes: [], name: "", layers: parser.defaultLayers)
        return reader.forms
    }

    static var guardLimits: [String: FieldForm] {
        var reader = reader("")
        _ = parser.limits(&reader)
        return reader.forms
    }

    static var rollout: [String: FieldForm] {
        var reader = reader("")
        _ = parser.rolloutFields(&reader)
        return reader.forms
    }

    static var reload: [String: FieldForm] {
        var reader = reader("")
        _ = ReloadReader.read(&reader, [:])
        return reader.forms
    }

    static var serviceRequest: [String: FieldForm] {
        var reader = RequestReader(reader(""), [:])
        _ = reader.fields(standardMethod: "GET")
        return reader.table.forms
    }

    /// Each driver has fields of its own.
    static var apply: [String: FieldForm] {
        let drivers = ApplyDefinition.Driver.allCases.map(\.rawValue)
        let tables = drivers.map { "driver = \"\($0)\"\n" } + ["driver = \"caddy\"\nhandler = \"/a\"\n"]
        return tables.reduce(into: ["driver": .choice(drivers)]) { forms, text in
            var reader = ApplyReader(reader(text))
            _ = reader.read(hasReload: true)
            forms.merge(reader.table.forms) { $0.refined(by: $1) }
        }
    }

    /// `match` of `[template.apply]`.
    static var applyMatch: [String: FieldForm] {
        var reader = reader("")
        _ = ApplyReader.matchFields(&reader)
        return reader.forms
    }

    /// `list`, `add`, `change` and `remove` of `[template.apply]`.
    static var applyRequest: [String: FieldForm] {
        var reader = reader("")
        _ = ApplyReader.requestFields(&reader, .get)
        return reader.forms
    }

    static var templateHealthCheck: [String: FieldForm] { healthCheck { _ = parser.targetCheck(&$0) } }

    static var serviceHealthCheck: [String: FieldForm] { healthCheck { _ = parser.serviceCheck(&$0) } }

    static var service: [String: FieldForm] {
        var reader = reader("key = \"/a\"\nvalue = \"{}\"\n")
        _ = parser.service(&reader, name: "", layers: parser.defaultLayers)
        return reader.forms
    }

    static var backend: [String: FieldForm] {
        var reader = reader("")
        _ = BackendLayer(&reader)
        return reader.forms.merging(["backend": .choice(BackendRegistry.names)]) { $0.refined(by: $1) }
    }

    /// Each type of check has fields of its own, and some depend on others.
    private static func healthCheck(_ read: (inout TableReader) -> Void) -> [String: FieldForm] {
        HealthCheckReader.types.reduce(into: [:]) { forms, type in
            forms.merge(healthCheck(ofType: type, read)) { $0.refined(by: $1) }
        }
    }

    /// The fields of a check of one type, on either side.
    static func healthCheck(ofType type: String) -> [String: FieldForm] {
        healthCheck(ofType: type) { _ = HealthCheckReader.read(&$0, .balancer) }
    }

    private static func healthCheck(
        ofType type: String, _ read: (inout TableReader) -> Void
    ) -> [String: FieldForm] {
        var reader = reader("type = \"\(type)\"\ntls = true\ncommand = [\"/bin/true\"]\n")
        read(&reader)
        return reader.forms
    }

    private static var parser: ResourceParser { .withoutSettings() }

    private static func reader(_ text: String) -> TableReader {
        guard let table = try? TOMLParser.parse(Array(text.utf8)) else { preconditionFailure("not TOML: \(text)") }
        return TableReader(table, file: "", at: TOMLPosition(line: 1, column: 1))
    }
}
