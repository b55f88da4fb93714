import KeyValue

/// Assembles the messages of a watch stream into complete changes. Pure: messages and times in, changes and requests
/// out.
///
/// A transaction may change keys of several watches, and each watch reports its part separately. With a single watch
/// each message is complete. With several, events are held back until etcd has answered progress requests, which it
/// does after all events up to then. Before 3.4.25 and 3.5.8 an answer can overtake events that the server has not sent
/// yet; hence two answers in a row, during whose round trips the server sends the rest unless it is badly overloaded.
/// Of a key that changes again meanwhile only the last event is held, so the held events never outnumber the keys.
struct WatchMachine {
    typealias Instant = ContinuousClock.Instant

    /// After this long without a message a progress request asks whether the server lives.
    static let silence = Duration.seconds(15)
    /// The time that the server has to answer that.
    static let answerTime = Duration.seconds(5)
    /// How many answers in a row mean that nothing is missing.
    static let answersNeeded = 2
    /// The longest time that events are held: some servers never answer progress requests, and a watch may lag.
    static let holdTime = Duration.milliseconds(250)

    enum Output: Equatable {
        /// All watches are confirmed.
        case ready
        /// Send a progress request.
        case ask
        case changes(WatchChanges)
        /// The revisions that were asked for are compacted, or another cluster answers: a new snapshot is needed.
        case compacted
        /// The member has not come to the revision that the watch begins after. Either it lags, and there will be nothing but
        /// later events, or its store was set back (restored from a backup), and there may be none for ever.
        case behind
        case refused(reason: String)
        /// No sign of life within the limits.
        case dead
    }

    private let watchCount: Int
    /// The cluster that the revisions belong to; 0 if that is unknown.
    private let cluster: UInt64
    /// Events up to this revision are known.
    let start: Int64
    private var created: Set<Int64> = []
    private var held: [[UInt8]: WatchEvent] = [:]
    private var heldRevision: Int64 = 0
    private var heldSince: Instant?
    /// Watches whose last message is a fragment: the rest follows.
    private var unfinished: Set<Int64> = []
    private var lastMessage: Instant
    private var askedAt: Instant?
    private var answers = 0
    /// Everything up to this revision has been handed on.
    private(set) var revision: Int64
    private var hasEnded = false

    /// `revision` is the one after which the watches begin.
    init(watchCount: Int, revision: Int64, cluster: UInt64 = 0, now: Instant) {
        self.watchCount = watchCount
        self.cluster = cluster
        start = revision
        self.revision = revision
        lastMessage = now
    }

    /// When `timePassed` has to be called next.
    var deadline: Instant {
        let alive = askedAt.map { $0.advanced(by: Self.answerTime) } ?? lastMessage.advanced(by: Self.silence)
        // While a fragment is missing nothing is delivered, even after `holdTime`.
        guard let heldSince, unfinished.isEmpty else { return alive }
        return min(alive, heldSince.advanced(by: Self.holdTime))
    }

    mutating func receive(_ response: WatchResponse, now: Instant) -> [Output] {
        if hasEnded { return [] }
        lastMessage = now
        if response.isCanceled || response.compactRevision > 0 {
            hasEnded = true
            return [response.compactRevision > 0 ? .compacted : .refused(reason: response.cancelReason)]
        }
        if response.isCreated, cluster != 0, response.header.cluster != 0, response.header.cluster != cluster {
            hasEnded = true
            return [.compacted]
        }
        var outputs: [Output] = []
        if response.isCreated, created.insert(response.watchID).inserted, created.count == watchCount {
            outputs.append(.ready)
            if response.header.revision > 0, response.header.revision < revision { outputs.append(.behind) }
        }
        hold(response, now: now)
        if isComplete(response) {
            if !held.isEmpty { outputs.append(takeHeld()) }
            // A single watch has passed all revisions up to this one, whether they changed watched keys or not.
            if watchCount == 1 { revision = max(revision, response.newestRevision) }
        } else if !held.isEmpty, unfinished.isEmpty, askedAt == nil {
            askedAt = now
            outputs.append(.ask)
        }
        return outputs
    }

    /// Whether the held events are complete.
    private mutating func isComplete(_ response: WatchResponse) -> Bool {
        let isAnswer = response.watchID == -1
        // While nothing is held any message counts as the answer; otherwise only a progress answer does.
        if isAnswer || held.isEmpty { askedAt = nil }
        answers = isAnswer && response.header.revision >= heldRevision ? answers + 1 : 0
        guard unfinished.isEmpty else { return false }
        return watchCount == 1 || held.isEmpty || answers >= Self.answersNeeded
    }

    mutating func timePassed(now: Instant) -> [Output] {
        if hasEnded { return [] }
        if let askedAt, now >= askedAt.advanced(by: Self.answerTime) {
            hasEnded = true
            return [.dead]
        }
        if let heldSince, unfinished.isEmpty, now >= heldSince.advanced(by: Self.holdTime) {
            askedAt = nil
            return [takeHeld()]
        }
        if askedAt == nil, now >= lastMessage.advanced(by: Self.silence) {
            askedAt = now
            return [.ask]
        }
        return []
    }

    private mutating func hold(_ response: WatchResponse, now: Instant) {
        if response.isFragment { unfinished.insert(response.watchID) } else { unfinished.remove(response.watchID) }
        for event in response.events where event.revision > start {
            if let other = held[event.key], other.revision > event.revision { continue }
            held[event.key] = event
            heldRevision = max(heldRevision, event.revision)
        }
        if !held.isEmpty && heldSince == nil { heldSince = now }
    }

    private mutating func takeHeld() -> Output {
        let events = held.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        held = [:]
        heldSince = nil
        answers = 0
        revision = max(revision, heldRevision)
        return .changes(WatchChanges(revision: heldRevision, events: events))
    }
}

/// Changes up to a revision, in the order of their keys, each key once.
package struct WatchChanges: Equatable, Sendable {
    /// The newest revision among them: a watch goes on after it.
    package let revision: Int64
    let events: [WatchEvent]

    /// The changed keys.
    package var updates: [Update] { events.map { Update(key: $0.key, value: $0.value, revision: $0.revision) } }
}
