import KeyValue
import Rollout
import TOML

/// What a rollout needs to know of its resource.
struct RolloutSubject {
    let layers: [BackendLayer]
    let hasItems: Bool
    let isBalancer: Bool

    var hasKeys: Bool { layers.contains { !$0.ranges.isEmpty } }

    /// The field that a rollout does not go with, as it is called and as it is written; nil if there is none.
    var conflict: (name: String, key: String)? {
        if hasItems { return ("for_each", "for_each") }
        return isBalancer ? ("[template.apply]", "apply") : nil
    }

    /// Another reason why its changes cannot be rolled out, nil if there is none.
    var problem: RolloutProblem? {
        if !hasKeys { return .noKeys }
        if layers.onlyBackend == nil { return .severalBackends }
        return layers.first { !$0.backend.kind.takesRollouts }.map { .backend($0.backend.name) }
    }
}

extension ResourceParser {
    /// The rollout of a resource: its own table, completed by confd.toml's; nil without either. What is wrong is noted in
    /// `template`.
    func rollout(_ template: inout TableReader, _ subject: RolloutSubject) -> RolloutDefinition? {
        var own: RolloutFields?
        if let value = template.value("rollout", .table) {
            guard case .table(let table) = value.kind else {
                template.note("rollout", at: value.position, .notTable(value.kind.type))
                return nil
            }
            var reader = TableReader(table, file: template.file, at: value.position)
            own = rolloutFields(&reader)
            template.addWarnings(reader.warnings + reader.unknownKeys(in: "[template.rollout]"))
            template.add(reader.errors)
            if !reader.errors.isEmpty { return nil }
        }
        guard own != nil || settings.rollout != nil else { return nil }
        let common = settings.rollout.map { common in
            var reader = TableReader(common.table, file: common.file, at: common.position)
            return rolloutFields(&reader)
        }
        guard let definition = (own ?? RolloutFields()).completed(by: common).definition else {
            return template.refuse("rollout", .rollout(.noGroup))
        }
        // A rollout of confd.toml is for all resources; those without keys have no changes to roll out.
        if own == nil, !subject.hasKeys { return nil }
        if let conflict = subject.conflict {
            // Where the rollout is confd.toml's, the place is that of the field.
            let key = own == nil ? conflict.key : "rollout"
            template.note(
                "rollout", at: template.place(of: key), .rollout(.notWith(conflict.name, isOfSettings: own == nil)))
            return nil
        }
        if let problem = subject.problem { return template.refuse("rollout", .rollout(problem)) }
        // A dry run writes nothing, and waits for nobody.
        if settings.onetime, !settings.noop { return template.refuse("rollout", .rollout(.onetime)) }
        return definition
    }

    func rolloutFields(_ table: inout TableReader) -> RolloutFields {
        var fields = RolloutFields()
        fields.group = group(&table)
        fields.canary = canary(&table)
        fields.maxParallel = maxParallel(&table)
        fields.soak = table.duration("soak")
        fields.verify = verification(&table)
        fields.verifyTimeout = table.duration("verify_timeout")
        table.limit("on_failure", to: ["halt"])
        if let text = table.text("on_failure"), text != "halt" {
            table.note("on_failure", .rollout(.notOnFailure(text)))
        }
        return fields
    }

    private func verification(_ table: inout TableReader) -> Verification? {
        let command = verifyCommand(&table)
        // GET, because a verification must not change the service.
        let request = RequestReader.read(
            "verify_http", of: "[template.rollout]", in: &table, standardMethod: "GET", environment)
        if table.has("verify_cmd"), table.has("verify_http") {
            return table.refuse("verify_http", .severalReloads(["verify_cmd", "verify_http"]))
        }
        return command.map { .command($0) } ?? request.map { .request($0) }
    }

    private func group(_ table: inout TableReader) -> String? {
        guard let text = table.text("group") else { return nil }
        let isPlain = text.utf8.allSatisfy(Self.isPlain)
        // A name that begins with a dot could be taken for a step in a path.
        if isPlain, !text.hasPrefix("."), (1...128).contains(text.utf8.count) { return text }
        return table.refuse("group", .rollout(.notGroup(text)))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func maxParallel(_ table: inout TableReader) -> RolloutPolicy.Amount? {
        guard let text = textOrNumber("max_parallel", &table) else { return nil }
        if let amount = Self.amount(text), amount != .hosts(0) { return amount }
        return table.refuse("max_parallel", .rollout(.notAmount(text)))
    }

    /// A number of hosts, a percentage, or patterns of names with commas between them.
    private func canary(_ table: inout TableReader) -> RolloutPolicy.Canary? {
        guard let text = textOrNumber("canary", &table) else { return nil }
        if let amount = Self.amount(text) { return amount == .hosts(0) ? RolloutPolicy.Canary.none : .first(amount) }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let isGood = names.allSatisfy { name in
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
                && !Array(name.utf8).withUnsafeBufferPointer { Glob($0) }.isMalformed
        }
        // An amount out of range, such as "-1" or "150%", is not taken for a name.
        let isNumber = text.hasSuffix("%") || Int(text) != nil
        if isGood, !isNumber { return .named(names) }
        return table.refuse("canary", .rollout(.notCanary(text)))
    }

    private func textOrNumber(_ key: String, _ table: inout TableReader) -> String? {
        guard let value = table.value(key, .textOrInteger) else { return nil }
        if case .integer(let number) = value.kind { return "\(number)" }
        return table.text(key)
    }

    private static func amount(_ text: String) -> RolloutPolicy.Amount? {
        if text.hasSuffix("%") {
            return Int(text.dropLast()).flatMap { (1...100).contains($0) ? .percent($0) : nil }
        }
        return Int(text).flatMap { (0...1_000_000).contains($0) ? .hosts($0) : nil }
    }
}
