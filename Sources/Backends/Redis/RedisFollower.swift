import KeyValue
import Posix

/// Keeps what was read of a server up to date, for as long as its connections last.
struct RedisFollower {
    private let reader: RedisReader
    private let watch: RedisWatch
    private let timeout: Duration

    /// After this long without a notification the server is pinged, to find a dead connection.
    private static let silence = Duration.seconds(5)
    /// Everything is read again after this time: `FLUSHDB` and `SWAPDB` report nothing.
    private static let trust = Duration.seconds(60)
    /// Full reads take at most 1/`share` of the time.
    private static let share = 20
    /// With more changes at once, everything is read.
    private static let mostChanges = 10_000

    init(_ reader: RedisReader, _ watch: RedisWatch, _ timeout: Duration) {
        self.reader = reader
        self.watch = watch
        self.timeout = timeout
    }

    /// With a server that reports all changes.
    func run(_ cancellation: Cancellation, _ deliver: (Snapshot) -> Void) throws(RedisFailure) {
        var state = try readAll()
        deliver(state.contents.snapshot)
        while !cancellation.isCancelled {
            if state.changed.isEmpty { state.changed = try nextChanges(before: state.nextRead) }
            let (former, changes) = (state.contents.snapshot, state.contents.changes)
            if ContinuousClock.now < state.nextRead,
                try state.changed.isEmpty ? hasAll(state.contents) : refresh(&state)
            {
                if state.contents.changes != changes { deliver(state.contents.snapshot) }
            } else {
                state = try readAll()
                if !state.contents.snapshot.hasSameContents(as: former) { deliver(state.contents.snapshot) }
            }
        }
    }

    struct State {
        var contents: RedisContents
        /// What may have changed since then.
        var changed: Set<[UInt8]> = []
        /// When everything is to be read again.
        var nextRead: ContinuousClock.Instant
    }

    /// What has changed; after some silence nothing, when the server has shown that it is there.
    private func nextChanges(before end: ContinuousClock.Instant) throws(RedisFailure) -> Set<[UInt8]> {
        let changed = try watch.changes(until: min(end, .now.advanced(by: Self.silence)), timeout)
        return try changed.isEmpty ? watch.changesSoFar(Self.silence) : changed
    }

    /// Reads everything, with what is reported meanwhile.
    func readAll() throws(RedisFailure) -> State {
        let start = ContinuousClock.now
        while true {
            reader.session.deadline = .now.advanced(by: timeout)
            var state = State(contents: try reader.readAll(.ofCaller), nextRead: start)
            state.changed = try watch.changesSoFar(timeout)
            if try !refresh(&state) { continue }
            state.nextRead = pause(Self.trust, after: start)
            return state
        }
    }

    /// The time of the next read of everything, after one that began at `start`.
    private func pause(_ pause: Duration, after start: ContinuousClock.Instant) -> ContinuousClock.Instant {
        let now = ContinuousClock.now
        return now.advanced(by: max(pause, start.duration(to: now) * Self.share))
    }

    /// With a server that may not report changes: what it reports only makes us read earlier than after `time`.
    func poll(
        every time: Duration, _ cancellation: Cancellation, _ deliver: (Snapshot) -> Void,
        proof: () throws(RedisFailure) -> RedisProof
    ) throws(RedisFailure) {
        var last: Snapshot?
        while !cancellation.isCancelled {
            let start = ContinuousClock.now
            reader.session.deadline = start.advanced(by: timeout)
            let snapshot = try reader.readAll(proof()).snapshot
            if last.map({ !snapshot.hasSameContents(as: $0) }) ?? true { deliver(snapshot) }
            last = snapshot
            _ = try watch.changes(until: pause(time, after: start), timeout)
        }
    }

    /// Reads what has changed. All other keys are as they were, if no further ones are reported by the time that these have
    /// been read: what results is what redis had at that moment. What is reported of the same keys meanwhile may have
    /// happened before or after, and is left for the next time. False if everything has to be read instead.
    private func refresh(_ state: inout State) throws(RedisFailure) -> Bool {
        reader.session.deadline = .now.advanced(by: timeout)
        while !state.changed.isEmpty {
            guard state.changed.count <= Self.mostChanges, try reader.refresh(&state.contents, state.changed) else {
                return false
            }
            let further = try watch.changesSoFar(timeout)
            if further.isSubset(of: state.changed) {
                state.changed = further
                break
            }
            state.changed.formUnion(further)
            if ContinuousClock.now >= reader.session.deadline {
                throw reader.session.failure(.look, .answer(.changing))
            }
        }
        return true
    }

    /// Whether the database still has at least as many keys as were read; false means that some are gone.
    private func hasAll(_ contents: RedisContents) throws(RedisFailure) -> Bool {
        reader.session.deadline = .now.advanced(by: Self.silence)
        return try reader.size().map { $0 >= contents.nameCount } ?? true
    }
}
