import TOML
import TextTemplate

// `check_cmd` and `reload_cmd`: a string for the shell, or an array of a program and its arguments.
extension ResourceParser {
    func checkCommand(_ table: inout TableReader) -> CommandTemplate? {
        command("check_cmd", &table, ResourceError.Kind.checkTemplate) { (source) throws(CommandTemplate.Failure) in
            try CommandTemplate(check: source)
        }
    }

    func reloadCommand(_ table: inout TableReader) -> CommandTemplate? {
        command("reload_cmd", &table, ResourceError.Kind.reloadTemplate) { (source) throws(CommandTemplate.Failure) in
            try CommandTemplate(reload: source)
        }
    }

    /// `verify_cmd` of `[rollout]`: it runs after the reload, when the staged file was renamed.
    func verifyCommand(_ table: inout TableReader) -> CommandTemplate? {
        command("verify_cmd", &table, ResourceError.Kind.reloadTemplate) { (source) throws(CommandTemplate.Failure) in
            try CommandTemplate(reload: source)
        }
    }

    func checkEach(_ table: inout TableReader) -> CommandTemplate? {
        command("check_each", &table, ResourceError.Kind.checkTemplate) { (source) throws(CommandTemplate.Failure) in
            try CommandTemplate(checkEach: source)
        }
    }

    private func command(
        _ key: String, _ table: inout TableReader, _ problem: (String) -> ResourceError.Kind,
        _ make: (CommandTemplate.Source) throws(CommandTemplate.Failure) -> CommandTemplate
    ) -> CommandTemplate? {
        guard let (source, positions) = commandSource(key, &table) else { return nil }
        do throws(CommandTemplate.Failure) {
            let command = try make(source)
            for (text, position) in zip(source.texts, positions) {
                for (name, meant) in CommandFields(of: text).misspelled {
                    table.advise(key, at: position, .nearField(name, meant: meant))
                }
            }
            return command
        } catch {
            table.note(key, at: positions[error.index], problem(error.error.reason.text))
            return nil
        }
    }

    /// The texts of a command and where they stand; nil if there is none, or if it is noted that there is no good one.
    private func commandSource(
        _ key: String, _ table: inout TableReader
    ) -> (source: CommandTemplate.Source, positions: [TOMLPosition])? {
        guard let value = table.value(key, .command) else { return nil }
        switch value.kind {
        case .string(""): return nil
        case .string(let text): return (.text(text), [value.position])
        case .array:
            let problems = table.errors.count
            let words = table.texts(key) ?? []
            // That an element is no string has been noted already.
            guard table.errors.count == problems else { return nil }
            guard let program = words.first else { return table.refuse(key, .emptyCommand) }
            if program.text.isEmpty {
                table.note(key, at: program.position, .noProgram)
                return nil
            }
            if let word = words.first(where: { $0.text.utf8.contains(0) }) {
                table.note(key, at: word.position, .zeroByte)
                return nil
            }
            return (.list(words.map(\.text)), words.map(\.position))
        default: return table.refuse(key, .wrongType(value.kind.type, wanted: .command, nil))
        }
    }

    /// `check`, or if it is not set, what `check_cmd` implies: a command that does not name the staged file cannot check it.
    func checkPlace(
        _ command: CommandTemplate?, _ table: inout TableReader
    ) -> (isInPlace: Bool, isImplied: Bool) {
        table.limit("check", to: ["staged", "in-place"])
        switch table.text("check") {
        case nil, "": break
        case "staged": return (false, false)
        case "in-place": return (command != nil, false)
        case let other?: table.note("check", .unknownCheck(other))
        }
        return (command.map { !$0.namesSource } ?? false, true)
    }
}
