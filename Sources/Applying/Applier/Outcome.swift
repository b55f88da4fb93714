import KeyValue
import Posix

/// What became of one resource when it was applied.
package struct Outcome: Sendable {
    package enum State: Equatable, Sendable {
        /// Bytes, mode and owner were as wanted.
        case inSync
        /// The file was replaced, or only its mode or owner corrected.
        case updated
        /// `-noop`: it would have changed.
        case wouldChange
        /// Nothing was changed; it has been logged.
        case failed
        /// The check refused the content.
        case rejected
        /// The same content was refused before, and was not tried again.
        case refusedBefore
        /// It would lose more than its guard allows: the file stays.
        case held
        /// Other hosts go first (`[template.rollout]`): the file stays.
        case waits
    }

    package let state: State
    /// The reload that must run now, because the file was replaced or because an earlier run of it failed.
    package private(set) var reload: Reload?
    /// `-noop`: whether a reload of the file that is in sync is owed from before.
    package var owesReload = false
    /// What it was made from.
    package var inputs = Inputs()
    /// What is known of the resource from now on.
    package var history = History()
    /// What its guard says; nil without a guard, and for a rendering that failed before it was asked.
    package var guardReport: GuardReport?
    /// What the rollout calls the change that it was rendered from; nil without a rollout, or if that cannot be told.
    package var changeID: String?
    /// What was rendered, and how long all of it took; nil if nothing was.
    package var figures: RenderingFigures?
    /// Where the file was replaced by a daemon: the keys that changed, and the revision.
    package var change: AppliedChange?
    /// The names of files of items that are gone, which were removed.
    package var removed: [String] = []
    /// The names of such files that stay, because what is in them is not what was written.
    package var kept: [String] = []

    package init(_ state: State, reload: Reload? = nil) {
        self.state = state
        self.reload = reload
    }

    /// Whether the file is not as it should be.
    package var isFailure: Bool { state.isFailure }

    /// The same, with nothing owed.
    package var withoutReload: Outcome {
        var copy = self
        copy.reload = nil
        return copy
    }
}

extension Outcome.State {
    /// Whether the file is not as it should be.
    package var isFailure: Bool {
        switch self {
        case .inSync, .updated, .wouldChange: false
        case .failed, .rejected, .refusedBefore, .held, .waits: true
        }
    }
}

extension Outcome.State {
    /// Whether something went wrong: not where guards or other hosts are waited for.
    package var isFailedAttempt: Bool { isFailure && self != .held && self != .waits }
}

/// The size of a rendering, for `confd status`.
package struct RenderingFigures: Equatable, Sendable {
    /// How many keys the template saw.
    package let keys: Int
    /// The length of the file.
    package let bytes: Int
    /// From the beginning of the rendering until the file was checked and in its place.
    package let duration: Duration
}

/// What a rendering depends on: if none of it changes, neither does the outcome.
package struct Inputs: Sendable {
    /// What was read of the resource's keys; nil if that is not known.
    package var reads: ReadSet?
    /// Whether the template asked for the health of a key.
    package var readsHealth = false
    /// Whether it asked for the place of its item among the others.
    package var readsIndex = false
    /// The template, those it includes and the age identity; nil where there was no file.
    package var sources: [String: FileStatus?] = [:]
    /// Those of `sources` that each host has its own of: the age identity.
    private var ofThisHost: Set<String> = []

    package init(
        reads: ReadSet? = nil, readsHealth: Bool = false, readsIndex: Bool = false,
        sources: [String: FileStatus?] = [:], ofThisHost: Set<String> = []
    ) {
        self.reads = reads
        self.readsHealth = readsHealth
        self.readsIndex = readsIndex
        self.sources = sources
        self.ofThisHost = ofThisHost
    }

    /// The sources that are the same on all hosts.
    var templates: [String] { sources.keys.filter { !ofThisHost.contains($0) } }

    /// Whether the sources are as they were.
    package var sourcesAreCurrent: Bool { sourcesAreCurrent { try? Files.status($0) } }

    /// As above, with `status` looking at files.
    package func sourcesAreCurrent(_ status: (String) -> FileStatus?) -> Bool {
        sources.allSatisfy { path, known in status(path) == known }
    }
}
