import Posix

/// Something that happened, for the list of recent events.
struct StatusEvent: Equatable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case started
        case readAnew = "read_anew"
        case added
        case removed
        case changed
        /// Files of items that are gone.
        case filesRemoved = "files_removed"
        /// Files of items that are gone, which stay because they have been edited.
        case filesKept = "files_kept"
        case failed
        case recovered
        case reloaded
        case reloadFailed = "reload_failed"
        case rolledBack = "rolled_back"
        case held
        /// What was held is applied, or is in sync again.
        case heldNoLonger = "held_no_longer"
        /// Other hosts go first in the rollout.
        case waits
        case turnBegan = "turn_began"
        case turnDone = "turn_done"
        case halted
        case backendLost = "backend_lost"
        case backendStale = "backend_stale"
        case backendAnswers = "backend_answers"
        case serverUp = "server_up"
        case serverDown = "server_down"
        case serviceRegistered = "service_registered"
        case serviceRemoved = "service_removed"
    }

    let time: WallTime
    let kind: Kind
    /// The resource, backend, server or service that it is about; empty for confd itself.
    let subject: String
    /// More about it, empty if there is nothing.
    let detail: String
}

extension StatusEvent.Kind {
    /// What happened, in words.
    var wording: String {
        switch self {
        case .started: "confd started"
        case .readAnew: "everything is read anew"
        case .added: "resource added"
        case .removed: "resource removed"
        case .changed: "file replaced"
        case .filesRemoved: "files removed"
        case .filesKept: "edited files kept"
        case .failed: "failed"
        case .recovered: "in sync again"
        case .reloaded: "reloaded"
        case .reloadFailed: "reload failed"
        case .rolledBack: "previous file put back"
        case .held: "held by its guard"
        case .heldNoLonger: "held no longer"
        case .waits: "waits for other hosts"
        case .turnBegan: "its turn in the rollout"
        case .turnDone: "its turn is done"
        case .halted: "the rollout is halted"
        case .backendLost: "backend lost"
        case .backendStale: "backend stale"
        case .backendAnswers: "backend answers"
        case .serverUp: "server up"
        case .serverDown: "server down"
        case .serviceRegistered: "service registered"
        case .serviceRemoved: "service removed"
        }
    }

    /// How good or bad the news is.
    var tone: StatusTone {
        switch self {
        case .started, .readAnew, .added, .removed, .changed, .filesRemoved, .reloaded, .serviceRemoved, .heldNoLonger,
            .waits, .turnBegan:
            .neutral
        case .turnDone, .recovered, .backendAnswers, .serverUp, .serviceRegistered: .good
        case .filesKept, .serverDown, .backendLost: .warning
        case .failed, .reloadFailed, .rolledBack, .backendStale, .held, .halted: .bad
        }
    }
}

/// The last events, of which there are at most `capacity`: a longer history is in the log.
struct EventLog: Sendable {
    static let capacity = 256
    /// Of longer details the beginning is kept.
    private static let longestDetail = 600

    private var ring: [StatusEvent] = []
    /// Where the next event goes once the ring is full.
    private var next = 0

    /// Adds an event; the oldest makes room.
    mutating func note(_ kind: StatusEvent.Kind, _ subject: String, _ detail: String = "", at time: WallTime) {
        let event = StatusEvent(time: time, kind: kind, subject: Self.cut(subject), detail: Self.cut(detail))
        if ring.count < Self.capacity {
            ring.append(event)
        } else {
            ring[next] = event
            next = (next + 1) % Self.capacity
        }
    }

    /// All of them, the newest first.
    var newestFirst: [StatusEvent] { (ring[next...] + ring[..<next]).reversed() }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > longestDetail else { return text }
        return String(decoding: text.utf8.prefix(longestDetail), as: UTF8.self) + "…"
    }
}
