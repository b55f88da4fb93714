import Posix
import Staging

/// Why a resource could not be rendered, applied or reloaded: what is logged.
struct StepFailure: Error {
    /// Where in a template it is. Lines and columns are counted from 1, columns in bytes.
    struct Place {
        let file: String
        let line: Int
        let column: Int
    }

    /// A command: the field of the resource that names it, and what the shell was given.
    struct FailedCommand {
        let field: String
        let text: String
    }

    /// One line, which begins with the place.
    let message: String
    private(set) var place: Place?
    /// The line at the place, and a caret below the column.
    private(set) var excerpt: String?
    let hint: String?
    /// What the resource's state is then.
    let state: Outcome.State
    /// What was run, where that failed.
    let command: FailedCommand?
    /// Whether the message names the destination.
    private(set) var namesDestination = false
    /// The key that was asked for and is missing, where that is the cause.
    let key: String?

    init(
        _ message: String, hint: String? = nil, state: Outcome.State = .failed, key: String? = nil,
        command: FailedCommand? = nil
    ) {
        self.message = message
        self.hint = hint
        self.state = state
        self.command = command
        self.key = key
    }

    init(_ error: StagingError) {
        self.init(error.message, hint: error.hint)
        namesDestination = true
    }

    /// The failure at a place in a template.
    func located(_ place: Place, excerpt: String) -> StepFailure {
        var copy = StepFailure(
            "\(place.file):\(place.line):\(place.column): \(message)", hint: hint, key: key)
        copy.place = place
        copy.excerpt = excerpt
        return copy
    }
}
