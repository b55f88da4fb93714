import Configuration
import Diagnostics
import KeyValue
import Posix
import Staging

/// What was learned of a resource while it was rendered, checked and reloaded.
///
/// The applier keeps none of it: each job gets the history of its resource, and the outcome brings the new one back.
package struct History: Sendable {
    /// The failures that were reported: each is reported once, until it changes.
    var reports: [Topic: Report] = [:]
    /// Content that is not tried again for now.
    var refusal: Refusal?
    /// What is put back if the reload keeps failing (`rollback`).
    package var previous: PreviousContent?
    /// What the file had before the turn of this host in a rollout; nil out of turn, and without a file.
    package var beforeTurn: [UInt8]?
    /// Attributes that we may not set: they are tried and reported once.
    var refusedAttributes: [AttributeDifference] = []
    /// The checksum of what was written last to a destination that is a stream, and so cannot be compared.
    var streamed: String?
    /// What was written into a file that we may not read.
    var unreadable: WrittenFile?
    /// The destination beside which leftovers of a crash were looked for; nil before that, and after a trial that failed half
    /// way.
    var restored: String?
    /// What the file was last made from, when it was as it should be; nil before that, and in one pass.
    var made: Making?
    /// Whether its definition is another one than then.
    var isRedefined = false

    /// Nothing is known yet.
    package init() {}

    /// What can be wrong with a resource at one time.
    enum Topic: Hashable {
        /// Its template does not parse, and an earlier version of it is used.
        case template
        /// It cannot be applied.
        case application
        /// Its service is not there to be reloaded.
        case reload
        /// The file is not as it should be, which was logged; no failure.
        case difference
    }

    struct Report {
        let message: String
        /// Where in a template it is, nil if it is elsewhere.
        let place: StepFailure.Place?
        let hint: String?
        /// What it was rendered from; nil if nothing was rendered.
        let cause: Cause?
        /// The number of the change that failed; see `Logger.error`.
        let change: Int
        /// Whether a check has refused the content.
        let isRefusal: Bool
        /// Whether a check wrote why. That is in the log alone: it may hold values.
        let isExplainedInLog: Bool
        /// Whether it is logged as an error once more, should it fail in the same way.
        var isAskedFor = false

        /// That a file differs from what is made from `cause`.
        static func difference(of cause: Cause) -> Report {
            Report(
                message: "", place: nil, hint: nil, cause: cause, change: 0, isRefusal: false, isExplainedInLog: false)
        }
    }

    struct Refusal {
        enum Origin {
            /// A check, which may be asked again after a time.
            case check
            /// The service: the reload failed, and the previous content was put back.
            case service
        }

        let content: [UInt8]
        let origin: Origin
    }

    package struct PreviousContent: Sendable {
        /// What the service ran with last.
        let content: [UInt8]
        /// What was put in its place last.
        let replacement: [UInt8]
        /// How often the reload for it has failed.
        var failures = 0
    }

    /// Why the resource is not applied, nil if it is.
    package var failure: String? { reports[.application]?.message }

    /// The failure with its place, or what is wrong with a template of which an earlier version is used; nil if nothing is.
    package var problem: Problem? {
        guard let report = reports[.application] ?? reports[.template] else { return nil }
        let place = report.place.map { Location($0.file, line: $0.line, column: $0.column) }
        let remark = failure == nil ? "; \(Self.lastGoodVersion)" : ""
        let hint = report.hint ?? (report.isExplainedInLog ? "the log has what the check wrote" : nil)
        return Problem(message: report.message + remark, place: place, hint: hint)
    }

    /// What is said of a broken template or resource file.
    package static let lastGoodVersion = "the last good version is used"

    /// Whether its template does not parse, and an earlier version of it is used.
    package var usesEarlierTemplate: Bool { reports[.template] != nil }

    /// What is wrong with a resource, for `confd status`.
    package struct Problem: Equatable, Sendable {
        /// One line, which begins with the place.
        package let message: String
        /// Where in a template it is, nil if it is elsewhere.
        package let place: Location?
        package let hint: String?

        package init(message: String, place: Location? = nil, hint: String? = nil) {
            self.message = message
            self.place = place
            self.hint = hint
        }
    }

    /// The operator asks for another look (HUP): checks are asked again, and what still fails is an error in the log again.
    /// Content that was rolled back stays refused until it changes.
    package mutating func clearForAnotherLook() {
        for topic in reports.keys { reports[topic]?.isAskedFor = true }
        if refusal?.origin == .check { refusal = nil }
    }

    /// The part that stays valid when the definition changes from `old` to `new`: what is known of the file, if it is the same.
    package func kept(from old: Resource, to new: Resource) -> History {
        var history = History()
        history.isRedefined = isRedefined || old != new
        guard old.destination == new.destination else { return history }
        history.made = made
        history.previous = previous
        history.beforeTurn = beforeTurn
        history.refusedAttributes = refusedAttributes
        history.unreadable = unreadable
        history.restored = restored
        history.streamed = streamed
        return history
    }
}

/// What a file was rendered from: a failure that has another cause than the last one is a new failure.
struct Cause: Sendable {
    let snapshot: Snapshot?
    let sources: [String: FileStatus?]

    /// `snapshot` is the view of the resource's keys; nil where keys make no difference.
    init(_ snapshot: Snapshot?, _ inputs: Inputs) {
        self.snapshot = snapshot
        sources = inputs.sources
    }

    func isSame(as other: Cause?) -> Bool {
        guard let other, sources == other.sources else { return false }
        guard let snapshot, let old = other.snapshot else { return true }
        return snapshot.hasSameContents(as: old)
    }
}
