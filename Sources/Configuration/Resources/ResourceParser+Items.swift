import Diagnostics
import KeyValue
import Posix
import Rendering
import TextTemplate

// `for_each`: one file for each key.
extension ResourceParser {
    /// The fields that only mean something with `for_each`.
    private static let ownFields = ["prune", "max_remove", "check_each"]

    /// The rule of a resource with `for_each`, nil without; what is wrong is noted in `table`.
    func itemRule(
        _ table: inout TableReader, destination: String?, check: CommandTemplate?, _ checksInPlace: Bool,
        _ reload: ReloadMethod?, rollback: Bool
    ) -> ItemRule? {
        let text = expandedText("for_each", &table)
        let prune = table.flag("prune")
        let limit = removalLimit(&table)
        let checkEach = checkEach(&table)
        guard let text, !text.isEmpty else {
            for field in Self.ownFields where table.has(field) { table.note(field, .onlyWithForEach) }
            return nil
        }
        refuseItemFields(&table, check, checksInPlace, reload, rollback: rollback)
        let attributes = ItemRule.Attributes(
            mode: itemTemplate("mode", &table), owner: itemTemplate("owner", &table),
            group: itemTemplate("group", &table))
        guard let pattern = KeyPattern(text) else { return table.refuse("for_each", .notPattern(text)) }
        guard let destination, let (folder, fileName) = split(destination, pattern, &table) else { return nil }
        return ItemRule(
            pattern: pattern, destination: destination, folder: folder, fileName: fileName, prune: prune ?? false,
            maxRemove: limit, attributes: attributes, checkEach: checkEach)
    }

    /// Refuses a pattern that can match none of the keys, and warns of one where there are no keys.
    func refuseOutside(_ keys: [KeyRange], _ pattern: KeyPattern, prefix: [UInt8], _ table: inout TableReader) {
        let literal = KeyPattern.literalStart(of: Array(pattern.text.utf8))
        if keys.isEmpty {
            let directory = String(decoding: Path.join([literal]), as: UTF8.self)
            return table.warn("for_each", .patternWithoutKeys(directory: directory))
        }
        let start = KeyRange(cleaned: Path.join([prefix, literal]))
        if keys.contains(where: start.overlaps) { return }
        table.note("for_each", .patternOutsideOfKeys(keys.map { String(decoding: $0.path, as: UTF8.self) }))
    }

    /// Whether `text` is a template over the item, which is evaluated for each of them.
    func isOfItem(_ text: String, _ table: TableReader) -> Bool {
        table.has("for_each") && text.contains(text: "{{")
    }

    private func itemTemplate(_ key: String, _ table: inout TableReader) -> FieldTemplate? {
        guard table.isText(key), let text = expandedText(key, &table), isOfItem(text, table) else { return nil }
        do throws(TemplateError) {
            return try FieldTemplate(text, field: key, functions: .withoutKeys)
        } catch {
            return table.refuse(key, .fieldTemplate(reason: error.reason.text, hint: error.hint))
        }
    }

    /// What judges or reloads all files of a batch cannot name one of them.
    private func refuseItemFields(
        _ table: inout TableReader, _ check: CommandTemplate?, _ checksInPlace: Bool, _ reload: ReloadMethod?,
        rollback: Bool
    ) {
        if let check {
            if check.namesSource || check.namesDestination {
                table.note("check_cmd", .batchNamesFile(isCheck: true))
            } else if !checksInPlace {
                table.note("check", .stagedBatch)
            }
        }
        if case .command(let reload) = reload, reload.namesSource || reload.namesDestination {
            table.note("reload_cmd", .batchNamesFile(isCheck: false))
        }
        if rollback { table.note("rollback", .notWithForEach) }
        if table.has("apply") { table.note("apply", .notWithForEach) }
    }

    /// `max_remove`: a number of files, or a percentage in quotes; 0 is no limit.
    private func removalLimit(_ table: inout TableReader) -> ItemRule.RemovalLimit {
        guard let value = table.value("max_remove", .textOrInteger) else { return ItemRule.standardLimit }
        switch value.kind {
        case .integer(0): return .none
        case .integer(let number) where (1...1_000_000_000).contains(number): return .count(Int(number))
        case .string(let text):
            if text.hasSuffix("%"), let percent = Int(text.dropLast()), (1...100).contains(percent) {
                return .percent(percent)
            }
        default: break
        }
        table.note("max_remove", .notRemovalLimit)
        return .none
    }

    // MARK: - dest

    /// The directory, and the template of the names in it: that begins behind the last slash before the first action.
    private func split(
        _ destination: String, _ pattern: KeyPattern, _ table: inout TableReader
    ) -> (folder: String, fileName: FieldTemplate)? {
        let start = destination.split(at: "{{", maxSplits: 1).first ?? ""
        let head = destination.hasPrefix("{{") ? "" : start
        guard let slash = head.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            return table.refuse("dest", .itemsWithoutFolder)
        }
        let folder = slash == head.startIndex ? "/" : String(head[..<slash])
        let text = String(destination.utf8.dropFirst(head.utf8.distance(from: head.startIndex, to: slash) + 1)) ?? ""
        let fileName: FieldTemplate
        do throws(TemplateError) {
            fileName = try FieldTemplate(text, field: "dest", functions: .withoutKeys)
        } catch {
            return table.refuse("dest", .fieldTemplate(reason: error.reason.text, hint: error.hint))
        }
        return refuseAlike(fileName, pattern, &table) ? nil : (folder, fileName)
    }

    /// Whether different items could have one name: it must hold the item's name, or all its parts. That shows in the name of
    /// an item whose name and parts occur nowhere else.
    private func refuseAlike(_ fileName: FieldTemplate, _ pattern: KeyPattern, _ table: inout TableReader) -> Bool {
        let name = Array("7391000".utf8)
        let parts = (0..<pattern.starCount).map { Array("\(7_391_001 + $0)".utf8) }
        let item = Item(key: [UInt8(ascii: "/")] + name, parts: parts)
        let outcome = fileName.render(over: item.record(), in: ServiceTrialEnvironment(variables: environment))
        if outcome.failure != nil {
            table.note("dest", .fieldTemplate(reason: fileName.reason(of: outcome), hint: nil))
            return true
        }
        let text = String(decoding: outcome.output, as: UTF8.self)
        if text.contains(text: "/") {
            table.note("dest", .templateInFolder)
            return true
        }
        let holds = { (part: [UInt8]) in text.contains(text: String(decoding: part, as: UTF8.self)) }
        let holdsName = holds(name) && (!pattern.endsInLiteral || pattern.starCount == 0)
        if holdsName || !parts.isEmpty && parts.allSatisfy(holds) { return false }
        table.note("dest", .itemsAlike(endsInLiteral: pattern.endsInLiteral))
        return true
    }
}

extension ItemRule {
    /// The default of `max_remove`.
    static let standardLimit = RemovalLimit.percent(50)
}
