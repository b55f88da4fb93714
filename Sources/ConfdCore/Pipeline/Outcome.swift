import Configuration
import KeyValue
import Posix
import Staging

/// What became of one resource in one pass.
package struct Outcome: Sendable {
    package enum State: Equatable, Sendable {
        /// Bytes, mode and owner were as wanted.
        case inSync
        /// The file was replaced, or only its mode or owner corrected.
        case updated
        /// `-noop`: it would have changed.
        case wouldChange
        /// Nothing was changed, or the reload failed; it has been logged.
        case failed
        /// The check refused the content: another try makes sense only after a change.
        case rejected
    }
    package var state: State
    /// What it was made from.
    package var inputs: Inputs
    /// The command that must run now because the file was replaced, or because an earlier run of it failed.
    package var reload: Reload?

    /// A reload that is owed.
    package struct Reload: Sendable {
        package let resource: Resource
        package let action: Action
        /// What the command sees: `CONFD_SRC`, `CONFD_DEST`, `CONFD_RESOURCE`, `CONFD_REVISION`.
        package let environment: [String: String]
        /// What the command is told of the store.
        package let changes: KeyChanges
        /// The number of the replacement that it is for; 0 if it is left over from an earlier pass.
        let change: Int

        /// Whether the file was replaced in this pass: a reload left over from an earlier one says nothing of updates.
        package var isNew: Bool { change > 0 }

        /// Equal ones are run once for all that owe them.
        package enum Action: Hashable, Sendable {
            /// What the shell runs.
            case command(String)
            case signal(Signal)
        }

        /// What a failure of it shows.
        var failedCommand: StepFailure.FailedCommand? {
            guard case .command(let text) = action else { return nil }
            return StepFailure.FailedCommand(field: resource.reloadField, text: text)
        }
    }

    init(_ state: State, reload: Reload? = nil, inputs: Inputs = Inputs()) {
        self.state = state
        self.reload = reload
        self.inputs = inputs
    }
}

/// What a rendering depends on: if none of it changes, neither does the outcome.
package struct Inputs: Sendable {
    /// What was read of the resource's keys; nil if that is not known.
    package var reads: ReadSet?
    /// The template and those it includes, nil where there was no file.
    package var sources: [String: FileStatus?] = [:]

    /// Whether the templates are as they were.
    package var sourcesAreCurrent: Bool {
        sources.allSatisfy { path, status in (try? Files.status(path)) == status }
    }
}

/// What a template made of a snapshot, before anything is done with it.
package struct Draft: Sendable {
    package let resource: Resource
    /// nil if the rendering failed, which has been logged.
    let content: [UInt8]?
    let inputs: Inputs
    let changes: KeyChanges

    /// What it was made from, to tell whether a failure is a new one.
    var cause: Pipeline.Cause {
        Pipeline.Cause(changes.snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix), inputs)
    }
}

/// What `Pipeline.put` did with a draft.
package enum Placement: Sendable {
    case done(Outcome)
    /// The file differs, and is to be checked in its place; nothing has been changed yet.
    case awaitsCheck(Trial)
}

/// A file that is to be put in its place for a check.
package struct Trial: Sendable {
    let draft: Draft
    let content: [UInt8]
    /// Where it belongs. The directory is not kept open: many may wait at a time.
    let place: Place
    /// What the shell runs: those with the same command are checked together.
    let command: String

    var resource: Resource { draft.resource }
}

/// A step of a resource that failed: what is logged.
struct StepFailure: Error {
    /// Where in a template it is. Lines and columns are counted from 1, columns in bytes.
    struct Place {
        let file: String
        let line: Int
        let column: Int
    }

    /// One line, which begins with the place.
    let message: String
    private(set) var place: Place?
    /// The line at the place, and a caret below the column.
    private(set) var excerpt: String?
    let hint: String?
    /// Whether it is the content that was refused.
    let isRejection: Bool
    /// What was run, where that failed.
    let command: FailedCommand?
    /// Whether the message names the destination.
    private(set) var namesDestination = false
    /// The key that was asked for and is missing, where that is the cause.
    let key: String?

    init(
        _ message: String, hint: String? = nil, isRejection: Bool = false, key: String? = nil,
        command: FailedCommand? = nil
    ) {
        self.message = message
        self.hint = hint
        self.isRejection = isRejection
        self.command = command
        self.key = key
    }

    init(_ error: StagingError) {
        self.init(error.message, hint: error.hint)
        namesDestination = true
    }

    /// A command: the field of the resource that names it, and what the shell was given.
    struct FailedCommand {
        let field: String
        let text: String
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
