import Posix
import TOML
import Testing

@testable import Configuration

/// The help of the fields of tables, compared with the fields that the parsers read.
@Suite struct TableHelpTests {
    @Test func everyFieldThatIsReadIsTold() {
        for table in TableHelp.all {
            let names = table.fields.flatMap(\.names)
            #expect(names.sorted() == table.forms.keys.sorted(), "\(table.title)")
            #expect(!table.summary.isEmpty && table.fields.allSatisfy { !$0.help.isEmpty })
        }
        #expect(FieldProbe.rollout == TableHelp.rollout.forms)
    }

    /// A field with the form `.any` would have no type in the help.
    @Test func fieldsOfOneEntryHaveOneForm() {
        for table in TableHelp.all {
            for field in table.fields {
                let forms = field.names.compactMap { table.forms[$0] }
                let isOne = forms.allSatisfy { $0 == forms[0] && $0 != .any }
                #expect(isOne, "\(table.title): \(field.names) \(forms)")
            }
        }
    }

    /// The tables of both kinds of health checks are their own fields and the shared ones.
    @Test func fieldsOfHealthChecks() {
        let shared = Set(TableHelp.healthCheck.forms.keys)
        for (table, probe) in [
            (TableHelp.templateHealthCheck, FieldProbe.templateHealthCheck),
            (TableHelp.serviceHealthCheck, FieldProbe.serviceHealthCheck),
        ] {
            #expect(Set(table.forms.keys).union(shared) == Set(probe.keys), "\(table.title)")
            #expect(shared.isDisjoint(with: table.forms.keys), "\(table.title)")
        }
    }

    @Test func typesOfHealthChecks() throws {
        let types = CheckTypeHelp.all
        #expect(types.map(\.name) == HealthCheckReader.types)
        let probes = Dictionary(
            uniqueKeysWithValues: types.map { type in
                (type.name, Set(FieldProbe.healthCheck(ofType: type.name).keys))
            })
        let common = probes.values.reduce(Set(TableHelp.healthCheck.forms.keys)) { $0.intersection($1) }
        let ofTLS = try #require(types.first { $0.name == "tls" }).fields
        for type in types {
            var fields = probes[type.name, default: []].subtracting(common)
            if type.fields.contains("tls") { fields.subtract(ofTLS) }
            #expect(fields == Set(type.fields), "\(type.name)")
        }
    }

    // MARK: - The pages

    /// A table, the page that has a row for each of its fields, and where it stands in a file.
    private static let places: [(table: TableHelp, page: String, paths: [[String]])] = [
        (.template, "resources.md", [["template"]]),
        (.reload, "actions.md", [["template", "reload"]]),
        (.serviceRequest, "actions.md", [["template", "reload", "http"], ["template", "rollout", "verify_http"]]),
        (.templateHealthCheck, "checks.md", [["template", "health_check"]]),
        (.healthCheck, "checks.md", [["template", "health_check"], ["service", "health_check"]]),
        (.guardLimits, "guards.md", [["template", "guard"]]),
        (.rollout, "fleet.md", [["template", "rollout"], ["rollout"]]),
        (.apply, "appliers.md", [["template", "apply"]]),
        (.applyRequest, "appliers.md", ["list", "add", "change", "remove"].map { ["template", "apply", $0] }),
        (.applyMatch, "appliers.md", [["template", "apply", "match"]]),
        (.service, "services.md", [["service"]]),
        (.serviceHealthCheck, "services.md", [["service", "health_check"]]),
        (.backend, "backends.md", [["backend"]]),
    ]

    @Test func everyTableHasAPage() {
        #expect(Self.places.map(\.table.title).sorted() == TableHelp.all.map(\.title).sorted())
    }

    /// A row `| `name` | type | default | meaning |` for each field, with the type that is read.
    @Test(arguments: places.indices)
    func everyFieldHasARow(_ index: Int) {
        let (table, page, _) = Self.places[index]
        let rows = Pages.text("docs/\(page)").split(separator: "\n").filter { $0.hasPrefix("| `") }
            .map { $0.split(separator: "|", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } } }
        for (name, form) in table.forms {
            let type = form.word.filter { $0 != " " }
            let isThere = rows.contains { cells in
                cells.count >= 6 && cells[1].split(separator: ",").contains { $0 == "`\(name)`" } && cells[2] == type
            }
            #expect(isThere, "docs/\(page) has no row | `\(name)` | \(form.word) | of \(table.title)")
        }
    }

    /// An example for each field, which `PageTests` loads.
    @Test func everyFieldHasAnExample() throws {
        let examples = try Pages.blocks.filter { $0.word == "toml" }.map { try TOMLParser.parse(Array($0.text.utf8)) }
        for (table, page, paths) in Self.places {
            let shown = Set(paths.flatMap { path in examples.flatMap { Self.fields(at: path, in: $0) } })
            for name in table.forms.keys.sorted() where !shown.contains(name) {
                Issue.record("no example of \(name) of \(table.title), for docs/\(page)")
            }
        }
    }

    /// The names in the tables at `path`, which may be arrays of tables.
    private static func fields(at path: [String], in table: TOMLTable) -> [String] {
        guard let first = path.first else { return table.entries.map(\.key) }
        guard let value = table.entries.first(where: { $0.key == first })?.value else { return [] }
        let inner = if case .array(let elements) = value.kind { elements } else { [value] }
        return inner.flatMap { element -> [String] in
            if case .table(let table) = element.kind { fields(at: Array(path.dropFirst()), in: table) } else { [] }
        }
    }
}
