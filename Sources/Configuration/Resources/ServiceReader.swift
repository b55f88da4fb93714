import Backends
import Checks
import JSON
import KeyValue
import Posix
import Rendering
import TOML
import TextTemplate

extension ResourceParser {
    /// The `[service]` or `[[service]]` tables of a file.
    func services(_ top: inout TableReader, name: String, layers: [BackendLayer]?, _ result: inout Result) {
        let known = top.errors.count
        let tables = top.tables("service")
        result.errors += top.errors[known...]
        for (number, (table, position)) in tables.enumerated() {
            result.tableCount += 1
            var reader = TableReader(table, file: top.file, at: position)
            let name = number == 0 ? name : "\(name)#\(number + 1)"
            let service = service(&reader, name: name, layers: layers ?? defaultLayers)
            result.errors += reader.errors
            result.warnings += reader.warnings + reader.unknownKeys(in: "[service]")
            guard let service else { continue }
            if let key = trialKey(of: service) {
                result.serviceKeys.append(ServiceKey(service: name, key: key, position: reader.place(of: "key")))
            }
            if reader.errors.isEmpty, layers != nil { result.services.append(service) }
        }
    }

    func service(
        _ table: inout TableReader, name: String, layers: [BackendLayer]
    ) -> ServiceDefinition? {
        let key = serviceTemplate("key", &table)
        let value = serviceTemplate("value", &table)
        let ttl = table.duration("ttl") ?? .seconds(10)
        if ttl < .seconds(1) { table.note("ttl", .ttlTooShort(ttl)) }
        let drain = table.duration("drain") ?? .zero
        let onFall = choice("on_fall", ServiceDefinition.FallAction.self, &table) ?? .delete
        // A daemon that is restarted or upgraded must not take every service out.
        let onStop =
            choice("on_stop", ServiceDefinition.StopAction.self, &table) ?? (settings.command.isEmpty ? .keep : .delete)
        let onConflict = choice("on_conflict", ConflictAction.self, &table) ?? .wait
        let backend = layers[0].backend
        if layers.onlyBackend == nil {
            table.note("key", .cannotRegisterInLayers)
        } else if !backend.kind.takesRegistrations {
            table.note("key", .cannotRegister(backend: backend.name))
        }
        let checks = serviceChecks(&table)
        guard let key, let value else { return nil }
        let service = ServiceDefinition(
            name: name, file: table.file, key: key, value: value, ttl: ttl, drain: drain, onFall: onFall,
            onStop: onStop, onConflict: onConflict, checks: checks, backend: backend)
        tryTemplates(of: service, &table)
        return service
    }

    private func serviceChecks(_ table: inout TableReader) -> [ServiceCheck] {
        table.tables("health_check").compactMap { check, position in
            var reader = TableReader(check, file: table.file, at: position)
            let check = serviceCheck(&reader)
            table.add(reader.errors)
            table.addWarnings(reader.warnings)
            table.addWarnings(
                reader.unknownKeys(in: "[[service.health_check]]", otherNames: ResourceParser.otherCheckFields))
            return check
        }
    }

    /// A check of our own machine, unless `target` says otherwise.
    func serviceCheck(_ table: inout TableReader) -> ServiceCheck? {
        let check = HealthCheckReader.read(&table, .service)
        guard let text = table.text("target") else {
            guard let port = check?.options.port else {
                // An exec check need not concern a port.
                if case .exec = check?.kind, let check { return ServiceCheck(target: .local(port: 1), check: check) }
                if check != nil { table.note("port", .required) }
                return nil
            }
            return check.map { ServiceCheck(target: .local(port: port), check: $0) }
        }
        do throws(CheckTargetError) {
            let target = try CheckTarget(parsing: text, defaultPort: check?.options.port)
            return check.map { ServiceCheck(target: target, check: $0) }
        } catch {
            return table.refuse("target", .target(error))
        }
    }

    // MARK: - Templates

    private func serviceTemplate(_ key: String, _ table: inout TableReader) -> FieldTemplate? {
        guard table.value(key) != nil else {
            table.note(key, .required)
            return nil
        }
        guard let text = table.text(key) else { return nil }
        let expanded: String
        do {
            expanded = try VariableExpansion.expand(text, serviceVariables)
        } catch {
            return table.refuse(key, .variable(error))
        }
        return ServiceTemplate.parse(expanded, key, &table)
    }

    /// systemd sets no `HOSTNAME`, which people expect.
    private var serviceVariables: [String: String] {
        if environment["HOSTNAME"]?.isEmpty == false { return environment }
        return environment.merging(["HOSTNAME": (try? Host.name()) ?? "localhost"]) { _, new in new }
    }

    private func tryTemplates(of service: ServiceDefinition, _ table: inout TableReader) {
        if let key = trialKey(of: service), key.first != UInt8(ascii: "/") {
            table.note("key", .notAKey(String(decoding: key, as: UTF8.self)))
        }
        guard service.onFall == .mark, let value = trial(service.value) else { return }
        if !ServiceTemplate.isJSONObject(value) { table.note("value", .notMarkable) }
    }

    /// The key as it is rendered on this machine now; nil if a function fails, which may succeed later.
    private func trialKey(of service: ServiceDefinition) -> [UInt8]? { trial(service.key) }

    private func trial(_ template: FieldTemplate) -> [UInt8]? {
        let rendered = template.render(
            over: nil, snapshot: Snapshot([]), in: ServiceTrialEnvironment(variables: environment))
        return rendered.failure == nil ? rendered.output : nil
    }

    private func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Choice.Type, _ table: inout TableReader
    ) -> Choice? {
        let choices = Choice.allCases.map(\.rawValue)
        table.limit(key, to: choices)
        guard let text = table.text(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        return table.refuse(key, .notAmong(text, choices, suggestion: nil))
    }
}

/// Templates of a service's fields.
enum ServiceTemplate {
    /// What was parsed; nil if it cannot be, which is noted.
    static func parse(_ text: String, _ key: String, _ table: inout TableReader) -> FieldTemplate? {
        do throws(TemplateError) {
            return try FieldTemplate(text, field: key, functions: .withoutKeys)
        } catch {
            return table.refuse(key, problem(error, of: text, key))
        }
    }

    /// The problem of `text`, of which `error` says that it is no template of a service.
    static func problem(_ error: TemplateError, of text: String, _ key: String) -> ResourceError.Kind {
        // With all functions it might be one: then the reason is that a service reads no keys.
        let isTemplate = (try? FieldTemplate(text, field: key, functions: .all)) != nil
        return isTemplate
            ? .serviceReadsKeys(reason: error.reason.text)
            : .fieldTemplate(reason: error.reason.text, hint: error.hint)
    }

    /// Whether `on_fall = "mark"` can put a member into `value`.
    static func isJSONObject(_ value: [UInt8]) -> Bool { (try? TrialData(value)) != nil }
}

extension CheckTarget {
    /// A port of this machine.
    static func local(port: UInt16) -> CheckTarget { .host("127.0.0.1", port: port) }
}
