import Checks
import Posix
import Rendering
import TOML
import TextTemplate

extension ResourceParser {
    /// The `[[template.health_check]]` tables of a resource; what is wrong is noted in `template`.
    func targetChecks(_ template: inout TableReader) -> [TargetCheck] {
        template.tables("health_check").compactMap { table, position in
            var reader = TableReader(table, file: template.file, at: position)
            let check = targetCheck(&reader)
            template.add(reader.errors)
            template.addWarnings(reader.warnings)
            template.addWarnings(
                reader.unknownKeys(in: "[[template.health_check]]", otherNames: Self.otherCheckFields))
            return reader.errors.isEmpty ? check : nil
        }
    }

    func targetCheck(_ table: inout TableReader) -> TargetCheck? {
        let keys = pattern(&table)
        let target = fieldTemplate("target", .all, &table)
        let group = fieldTemplate("group", .all, &table)
        let minHealthy = minHealthy(&table)
        let hide = table.flag("hide") ?? true
        guard let check = HealthCheckReader.read(&table, .balancer), let keys else { return nil }
        return TargetCheck(
            keys: keys, target: target, group: group, minHealthy: minHealthy, hide: hide, check: check)
    }

    private func pattern(_ table: inout TableReader) -> KeyPattern? {
        guard let text = table.text("keys"), !text.isEmpty else {
            if table.errors.isEmpty { table.note("keys", .required) }
            return nil
        }
        return KeyPattern(text) ?? table.refuse("keys", .notPattern(text))
    }

    /// The template in the field `key`, nil if there is none or it cannot be parsed.
    func fieldTemplate(
        _ key: String, _ functions: FieldTemplate.Functions, _ table: inout TableReader
    ) -> FieldTemplate? {
        guard let text = table.text(key) else { return nil }
        do throws(TemplateError) {
            return try FieldTemplate(text, field: key, functions: functions)
        } catch {
            return table.refuse(key, .fieldTemplate(reason: error.reason.text, hint: error.hint))
        }
    }

    /// A number, or a percentage in quotes.
    private func minHealthy(_ table: inout TableReader) -> TargetCheck.MinHealthy {
        guard let value = table.value("min_healthy", .textOrInteger) else { return .count(1) }
        switch value.kind {
        case .integer(let number) where (0...1_000_000).contains(number): return .count(Int(number))
        case .string(let text):
            if text.hasSuffix("%"), let percent = Int(text.dropLast()), (0...100).contains(percent) {
                return .percent(percent)
            }
            if let number = Int(text), number >= 0 { return .count(number) }
        default: break
        }
        table.note("min_healthy", .notCountOrPercent)
        return .count(1)
    }
}
