import Backends
import Diagnostics

/// Reads a command line in the syntax of Go's `flag` package: `-f v`, `-f=v`, `--f v`, `--f=v`, `-switch`,
/// `-switch=false`; a sub-command as the first word; a backend's name as a word of its own sets `-backend` (the form of
/// confd's fork); after `--` comes the command to supervise.
package enum CommandLineParser {
    /// The parts of a command line.
    package struct Result: Sendable {
        package var options = RawOptions()
        /// The first word, where it is that of a sub-command.
        package var subcommand: Subcommand?
        /// Options that only the sub-command has.
        package var ownOptions = RawOptions()
        /// Words that the sub-command takes: the key and value of `register`, the resource of `release`, `render` and `explain`.
        package var words: [String] = []
        /// The words after `--`.
        package var command: [String] = []
    }

    /// `arguments` without the program's own name.
    package static func parse(_ arguments: [String]) throws(SettingsError) -> Result {
        var result = Result()
        result.subcommand = arguments.first.flatMap { Subcommand(rawValue: $0) }
        var index = result.subcommand == nil ? 0 : 1
        while index < arguments.count {
            let word = arguments[index]
            index += 1
            if word == "--" {
                result.command = Array(arguments[index...])
                guard !result.command.isEmpty else { throw SettingsError(.noCommand) }
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                try takeWord(word, &result)
                continue
            }
            try takeFlag(word, arguments, &index, &result)
        }
        return result
    }

    private static func takeFlag(
        _ word: String, _ arguments: [String], _ index: inout Int, _ result: inout Result
    ) throws(SettingsError) {
        let body = word.drop { $0 == "-" }
        guard word.count - body.count <= 2, !body.isEmpty, !body.hasPrefix("=") else {
            throw SettingsError(.flagSyntax(word))
        }
        let parts = body.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let own = result.subcommand?.ownOptions.first { $0.name == name }
        guard let option = own ?? OptionTable.option(named: name) else { throw unknown(name, result.subcommand) }
        let value: String
        if parts.count == 2 {
            value = String(parts[1])
        } else if option.isSwitch {
            value = "true"
        } else if let alone = option.valueWhenAlone, !option.takes(arguments[index...].first) {
            value = alone
        } else if index < arguments.count {
            value = arguments[index]
            index += 1
        } else {
            throw SettingsError(.flagWithoutValue(name))
        }
        if own == nil {
            result.options.add(value, to: option, origin: .flag(name))
        } else {
            result.ownOptions.add(value, to: option, origin: .flag(name))
        }
    }

    /// Also of backends that are not built: their error is more helpful than that of an unexpected argument.
    private static let backendNames = BackendRegistry.names + BackendRegistry.unbuiltNames

    /// A word that is neither a flag nor a flag's value.
    private static func takeWord(_ word: String, _ result: inout Result) throws(SettingsError) {
        // A key or a value may be any word; a resource that is called as a backend is has `.toml` behind that.
        let isBackend =
            (result.subcommand == .render || result.subcommand == .explain) && Self.backendNames.contains(word)
        if result.words.count < result.subcommand?.wordCount ?? 0, !isBackend { return result.words.append(word) }
        guard let backend = OptionTable.option(named: "backend"), result.options.values["backend"] == nil,
            Self.backendNames.contains(word)
        else {
            throw SettingsError(.unexpectedArgument(word, advice(for: word, result.subcommand)))
        }
        result.options.add(word, to: backend, origin: .flag("backend"))
    }

    /// What to do about a word that has no meaning where it stands.
    private static func advice(for word: String, _ subcommand: Subcommand?) -> Advice? {
        let flag = Suggestion.nearest(to: word, among: OptionTable.all.map(\.name), .words).map { "-" + $0 }
        let others = Self.backendNames + Subcommand.allCases.map(\.rawValue)
        if let near = flag ?? Suggestion.nearest(to: word, among: others, .words) { return .didYouMean(near) }
        return subcommand == nil || subcommand == .register ? .dashesBefore(word) : nil
    }

    private static func unknown(_ name: String, _ subcommand: Subcommand?) -> SettingsError {
        let names = ((subcommand?.ownOptions ?? []) + OptionTable.all).flatMap { [$0.name] + $0.aliases }
        let near = Suggestion.nearest(to: name, among: names).map { Advice.didYouMean("-" + $0) }
        return SettingsError(.unknownFlag(name, FormerName.advice(forFlag: name) ?? near))
    }
}

extension Option {
    /// Whether `word`, which follows the flag, is a value of it.
    fileprivate func takes(_ word: String?) -> Bool {
        guard let word, case .choice(let choices, _) = setter else { return false }
        return choices.contains(word.lowercased())
    }
}
