import KeyValue
import Posix

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
        package let destination: Destination
        package let action: Action
        /// What the command sees: `CONFD_SRC`, `CONFD_DEST`, `CONFD_RESOURCE`, `CONFD_REVISION`.
        package let environment: [String: String]
        /// What the command is told of the store.
        package let changes: KeyChanges
        /// Whether the file was replaced in this pass: a reload left over from an earlier one says nothing of updates.
        package let isNew: Bool

        /// Equal ones are run once for all that owe them.
        package enum Action: Hashable, Sendable {
            /// What the shell runs.
            case command(String)
            case signal(Signal)
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
}

/// A step of a resource that failed: what is logged.
struct StepFailure: Error {
    let message: String
    /// Whether it is the content that was refused.
    let isRejection: Bool
    /// The key that was asked for and is missing, where that is the cause.
    let key: String?

    init(_ message: String, hint: String? = nil, isRejection: Bool = false, key: String? = nil) {
        self.message = message + (hint.map { "\nhint: \($0)" } ?? "")
        self.isRejection = isRejection
        self.key = key
    }

    init(_ error: StagingError) { self.init(error.message, hint: error.hint) }
}
