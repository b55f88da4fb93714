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
    }
    package var state: State
    /// The command that must run now because the file was replaced, or because an earlier run of it failed.
    package var reload: Reload?

    /// A reload that is owed.
    package struct Reload: Sendable {
        package let resource: Resource
        package let destination: Destination
        /// What the shell runs.
        package let shellText: String
        /// What the command sees: `CONFD_SRC`, `CONFD_DEST`, `CONFD_RESOURCE`, `CONFD_REVISION`.
        package let environment: [String: String]
        /// Whether the file was replaced in this pass: a reload left over from an earlier one says nothing of updates.
        package let isNew: Bool
    }

    init(_ state: State, reload: Reload? = nil) {
        self.state = state
        self.reload = reload
    }
}

/// A step of a resource that failed: what is logged.
struct StepFailure: Error {
    let message: String

    init(_ message: String, hint: String? = nil) {
        self.message = message + (hint.map { "\nhint: \($0)" } ?? "")
    }

    init(_ error: StagingError) { self.init(error.message, hint: error.hint) }
}
