import Primitives
import TextTemplate

/// A `check_cmd`, `check_each` or `reload_cmd`: a text for the shell, in which fields are quoted, or a list of a program and
/// its arguments, each a text of its own, in which nothing is quoted.
package struct CommandTemplate: Hashable, Sendable {
    /// As it stands in the resource.
    package enum Source: Hashable, Sendable {
        case text(String)
        /// Not empty.
        case list([String])

        var texts: [String] {
            switch self {
            case .text(let text): [text]
            case .list(let words): words
            }
        }
    }

    /// What is wrong with one of the texts.
    package struct Failure: Error {
        /// Which one, from 0.
        let index: Int
        let error: TemplateError
    }

    private enum Form: Hashable {
        case shell(CommandWord)
        case program([CommandWord])
    }

    private let form: Form
    /// Whether it names the staged file, so that it can judge that one: by `{{.src}}` or by `CONFD_SRC`.
    package let namesSource: Bool
    /// Likewise the target.
    package let namesDestination: Bool

    /// A `check_cmd`.
    package init(check source: Source) throws(Failure) { try self.init(source, .template, field: "check_cmd") }

    /// A `check_each`, which also knows `{{.key}}` and `{{.name}}` of the item.
    package init(checkEach source: Source) throws(Failure) {
        try self.init(source, .template, field: "check_each", trial: Item(key: [], parts: []))
    }

    /// A `reload_cmd`.
    package init(reload source: Source) throws(Failure) { try self.init(source, .templateIfOurs, field: "reload_cmd") }

    private init(
        _ source: Source, _ reading: CommandWord.Reading, field: String, trial: Item? = nil
    ) throws(Failure) {
        var words: [CommandWord] = []
        for (index, text) in source.texts.enumerated() {
            do throws(TemplateError) {
                words.append(try CommandWord(text, reading, field: field, trial: trial))
            } catch {
                throw Failure(index: index, error: error)
            }
        }
        namesSource = words.contains(where: \.namesSource)
        namesDestination = words.contains(where: \.namesDestination)
        switch source {
        case .text: form = .shell(words[0])
        case .list: form = .program(words)
        }
    }

    /// What to run for the staged file `source` and the target `destination`, of an item if it is one's.
    package func invocation(
        source: String, destination: String, item: Item? = nil
    ) throws(TemplateError) -> CommandInvocation {
        switch form {
        case .shell(let word):
            return .shell(
                try word.rendered(
                    source: ShellQuote.quote(source), destination: ShellQuote.quote(destination),
                    item: item.map { (ShellQuote.quote($0.key), ShellQuote.quote($0.name)) }))
        case .program(let words):
            var texts: [String] = []
            for word in words {
                texts.append(
                    try word.rendered(source: source, destination: destination, item: item.map { ($0.key, $0.name) }))
            }
            return .program(texts)
        }
    }
}
