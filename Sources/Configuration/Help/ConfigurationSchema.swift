import Backends

/// The JSON schema of resource files and confd.toml (`-help=schema`), draft 7, for editors. A file with `[template]` or
/// `[service]` is a resource file, any other one the settings.
///
/// Fields and their types are those that the readers of the tables ask for (`FieldProbe`), options come from
/// `OptionTable`: nothing is listed twice.
enum ConfigurationSchema {
    static var text: String {
        SchemaNode.object([
            ("$schema", .text("http://json-schema.org/draft-07/schema#")),
            ("title", .text("Resource files and confd.toml of confd \(Version.current)")),
            ("type", .text("object")),
            ("if", .anyOf(required("template"), required("service"))),
            ("then", .reference("resource_file")),
            ("else", .reference("settings")),
            ("definitions", .object(definitions)),
        ]).json
    }

    private static func required(_ name: String) -> SchemaNode { .object([("required", .array([.text(name)]))]) }

    private static var definitions: [(name: String, value: SchemaNode)] {
        [
            (
                "resource_file",
                .table([
                    ("template", .tables("template")), ("service", .tables("service")),
                    ("backend", .tables("backend")),
                ])
            ),
            (
                "template",
                .table(
                    fields(
                        .template,
                        [
                            "health_check": .tables("template_health_check"), "guard": .reference("guard"),
                            "reload": .reference("reload"), "apply": .reference("apply"),
                            "rollout": .reference("rollout"),
                        ]),
                    required: ["src", "dest"])
            ),
            (
                "template_health_check",
                .table(checkFields(.templateHealthCheck), required: ["keys", "type"])
            ),
            ("guard", .table(fields(.guardLimits))),
            ("rollout", .table(fields(.rollout, ["verify_http": .reference("service_request")]))),
            ("reload", .table(fields(.reload, ["http": .reference("service_request")]))),
            (
                "service_request",
                .table(fields(.serviceRequest, ["headers": headers]), required: ["url"])
            ),
            (
                "apply",
                .table(
                    fields(
                        .apply,
                        ["list", "add", "change", "remove"].reduce(
                            into: ["headers": headers, "match": .reference("apply_match")]
                        ) { $0[$1] = .reference("apply_request") }),
                    required: ["driver"])
            ),
            ("apply_request", .table(fields(.applyRequest), required: ["path"])),
            ("apply_match", .table(fields(.applyMatch))),
            (
                "service",
                .table(
                    fields(.service, ["health_check": .tables("service_health_check")]),
                    required: ["key", "value"])
            ),
            ("service_health_check", .table(checkFields(.serviceHealthCheck), required: ["type"])),
            ("backend", .table(fields(.backend), required: ["backend"])),
            ("settings", .table(settings + [("rollout", .reference("rollout"))])),
        ]
    }

    private static func fields(
        _ table: TableHelp, _ tables: [String: SchemaNode] = [:]
    ) -> [(name: String, value: SchemaNode)] {
        let help = table.helpByName
        return table.forms.sorted { $0.key < $1.key }.map { name, form in
            (name, (tables[name] ?? node(of: form)).described(help[name]))
        }
    }

    /// The fields of a health check: its own, and those that both sides have.
    private static func checkFields(_ table: TableHelp) -> [(name: String, value: SchemaNode)] {
        (fields(table) + fields(.healthCheck, ["headers": headers])).sorted { $0.name < $1.name }
    }

    private static func node(of form: FieldForm) -> SchemaNode {
        switch form {
        case .any: .object([])
        case .text: .type("string")
        case .flag: .type("boolean")
        case .integer: .type("integer")
        case .textOrInteger: .type("string", "integer")
        case .duration: duration
        case .command: .anyOf(.type("string"), .list(of: .type("string"), atLeast: 1))
        case .texts: .list(of: .type("string"))
        case .table: .type("object")
        case .integerOrTable: .type("integer", "object")
        case .tables: .anyOf(.type("object"), .list(of: .type("object")))
        case .choice(let choices): .choice(choices)
        }
    }

    private static let headers = SchemaNode.object([
        ("type", .text("object")), ("additionalProperties", .type("string")),
    ])

    private static let duration = SchemaNode.anyOf(
        .object([("type", .text("integer")), ("minimum", .number(0))]),
        .object([
            ("type", .text("string")),
            ("pattern", .text("^\\+?([0-9]+|([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$")),
        ]))

    // MARK: - confd.toml

    /// Each key of confd.toml, with dashes and with underscores.
    private static var settings: [(name: String, value: SchemaNode)] {
        OptionTable.all.filter { OptionTable.option(key: $0.name) != nil }.flatMap { option in
            let names = ([option.name] + option.aliases + option.keys).flatMap { name in
                [name, String(name.map { $0 == "-" ? "_" : $0 })]
            }
            let own = option.name == "backend" ? .anyOf(node(of: option), .tables("backend")) : node(of: option)
            let node = own.described(option.help)
            var seen: Set<String> = []
            return names.filter { seen.insert($0).inserted }.map { ($0, node) }
        }
    }

    private static func node(of option: Option) -> SchemaNode {
        switch option.setter {
        case .flag, .page: .type("boolean")
        case .text: .type("string", "integer")
        case .choice(let choices, _):
            option.name == "color" ? .anyOf(.choice(choices), .type("boolean")) : .choice(choices)
        case .integer: .type("integer")
        case .duration: duration
        case .list: .anyOf(.type("string"), .list(of: .type("string")))
        case .ignored, .foreign: .object([])
        }
    }
}
