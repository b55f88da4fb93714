import Primitives

/// A command as it is run.
package enum CommandInvocation: Hashable, Sendable {
    /// The text that `/bin/sh -c` runs.
    case shell(String)
    /// A program and its arguments, without a shell. The program is a path, or a name that is looked up in `PATH`.
    case program([String])

    /// What is started: the shell, or the program itself.
    package var executable: String {
        switch self {
        case .shell: "/bin/sh"
        case .program(let words): words.first ?? ""
        }
    }

    /// The words of the process, its own name first.
    package var arguments: [String] {
        switch self {
        case .shell(let text): ["/bin/sh", "-c", text]
        case .program(let words): words
        }
    }

    /// The text of the shell; the words of a program as one would type them.
    package var text: String {
        switch self {
        case .shell(let text): text
        case .program(let words): words.map { ShellQuote.quote($0) }.joined(separator: " ")
        }
    }
}
