import Applying
import Posix

/// The state of one resource.
struct ResourceStatus: Equatable, Sendable {
    enum State: String, CaseIterable, Sendable {
        case inSync = "in sync"
        /// It is about to be rendered, or waits for its keys.
        case pending
        case failed
        /// A guard keeps the file as it is.
        case held
        /// Other hosts go first in its rollout, or it is this host's turn and that is not over.
        case waiting
        /// Its rollout is halted: the file stays as it is.
        case halted
        case reloadOwed = "reload owed"

        /// Whether an operator should look at it.
        var needsAttention: Bool { self == .failed || self == .held || self == .halted }
    }

    /// A replacement of its file.
    struct Change: Equatable, Sendable {
        let time: WallTime
        /// From the beginning of the rendering until the file was in its place; nil if that was before a restart.
        let duration: Duration?
    }

    let name: String
    /// The resource file.
    let file: String
    let destination: String
    var state: State
    /// The revision of the store that its file is of, nil if that is not known.
    var revision: Int64?
    /// Keys that its template saw and bytes of its file; nil before its first rendering.
    var figures: RenderingFigures?
    /// When its file was replaced last, nil if that is not known.
    var change: Change?
    /// How its last reload went, nil if there was none since the start.
    var reload: ReloadRun?
    /// How long until it is tried again, or reloaded; nil if nothing is due.
    var nextTry: Duration?
    /// Why it is not as it should be.
    var problem: History.Problem?
    /// Whether only retries are ahead: its state is the result of all changes that have come.
    var isSettled = true
}
