import TextTemplate

/// A `check_cmd` or `reload_cmd`: a text for the shell, in which fields are quoted, or a list of a program and its arguments,
/// each a text of its own, in which nothing is quoted.
package struct CommandTemplate: Hashable, Sendable {
    /// As it stands in the resource.
    package enum Source: Hashable, Sendable {
        case text(String)
        /// Not empty.
        case list([String])
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

    /// A `check_cmd`.
    package init(check source: Source) throws(Failure) { try self.init(source, .template, field: "check_cmd") }

    /// A `reload_cmd`.
    package init(reload source: Source) throws(Failure) { try self.init(source, .templateIfOurs, field: "reload_cmd") }

    private init(_ source: Source, _ reading: CommandWord.Reading, field: String) throws(Failure) {
        let texts =
            switch source {
            case .text(let text): [text]
            case .list(let words): words
            }
        var words: [CommandWord] = []
        for (index, text) in texts.enumerated() {
            do throws(TemplateError) {
                words.append(try CommandWord(text, reading, field: field))
            } catch {
                throw Failure(index: index, error: error)
            }
        }
        namesSource = words.contains(where: \.namesSource)
        switch source {
        case .text: form = .shell(words[0])
        case .list: form = .program(words)
        }
    }

    /// What to run for the staged file `source` and the target `destination`.
    package func invocation(source: String, destination: String) throws(TemplateError) -> CommandInvocation {
        switch form {
        case .shell(let word):
            return .shell(
                try word.rendered(
                    source: ShellQuote.quote(source), destination: ShellQuote.quote(destination)))
        case .program(let words):
            var texts: [String] = []
            for word in words { texts.append(try word.rendered(source: source, destination: destination)) }
            return .program(texts)
        }
    }
}
