import KeyValue
import Posix

extension RedisBackend {
    /// Reads everything, and then again what redis says has changed. Where redis does not report changes, everything is read
    /// again and again.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        if ranges.isEmpty {
            deliver(Snapshot([]))
            return try cancellation.wait()
        }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        do throws(BackendError) {
            let (session, watch) = try firstNode(until: deadline, cancellation) { session throws(RedisFailure) in
                try session.greet()
                let other = try RedisSession(session.node, options, until: deadline, cancellation)
                return (session, try RedisWatch(other, ranges.map { RedisRange($0, names) }))
            }
            let reader = reader(session, ranges)
            defer { remember(reader) }
            do throws(RedisFailure) {
                let follower = RedisFollower(reader, watch, timeout)
                if let reason = try session.reasonAgainstWatching() {
                    warnings.issue(reason)
                    try follower.poll(every: options.unwatchedPause, cancellation, deliver) { () throws(RedisFailure) in
                        try proof(reader)
                    }
                } else {
                    try follower.run(cancellation, deliver)
                }
            } catch {
                throw RedisFailure.error([error])
            }
        } catch {
            if !cancellation.isCancelled { throw error }
        }
    }
}

extension RedisSession {
    /// Throws if redis does not serve yet.
    fileprivate func greet() throws(RedisFailure) {
        do throws(RedisFailure) { _ = try call(["PING"], .connect) } catch {
            if error.refusal?.isForbidden != true { throw error }
        }
    }

    /// Why changes are not all reported; nil if they are.
    func reasonAgainstWatching() throws(RedisFailure) -> String? {
        let fallback = "everything is read every two seconds, or as often as it takes a twentieth of the time"
        let reply: RedisReply
        do throws(RedisFailure) { reply = try call(["CONFIG", "GET", "notify-keyspace-events"], .watch) } catch {
            guard let refusal = error.refusal, refusal.isForbidden || refusal.isUnknownCommand else { throw error }
            return
                "redis: CONFIG GET is not permitted, so it is not known whether redis reports all changes: \(fallback)"
        }
        let flags = reply.elements?.last?.bytes ?? []
        // Classes of events: general, strings, hashes, expired, evicted.
        let classes = flags.contains(UInt8(ascii: "A")) ? [] : "g$hxe".utf8.filter { !flags.contains($0) }
        if flags.contains(UInt8(ascii: "K")), classes.isEmpty { return nil }
        return "redis: notify-keyspace-events is off, or not for all changes, so \(fallback); "
            + "redis-cli CONFIG SET notify-keyspace-events KA has changes reported"
    }
}

/// The subscription to changes, on a connection of its own.
final class RedisWatch {
    private let session: RedisSession
    private let ranges: [RedisRange]
    private let prefix: [UInt8]
    /// One of the patterns.
    private let pattern: [UInt8]

    /// Subscribes; from then on no change is missed.
    init(_ session: RedisSession, _ ranges: [RedisRange]) throws(RedisFailure) {
        self.session = session
        self.ranges = ranges
        prefix = Array("__keyspace@\(session.node.database)__:".utf8)
        let patterns = ranges.map { [prefix] range in
            RedisNames.escaped(prefix + (range.own ?? [])) + [UInt8(ascii: "*")]
        }
        pattern = patterns.last ?? []
        try session.send(Self.subscribing(to: patterns), .watch)
        var missing = ranges.count
        while missing > 0 {
            switch try session.reply(.watch) {
            case .array(let elements) where Self.isConfirmation(elements): missing -= 1
            case .array: break
            case .error(let refusal): throw session.failure(.watch, .answer(.refused(refusal)))
            default: throw session.failure(.watch, .answer(.unexpected))
            }
        }
    }

    private static func subscribing(to patterns: [[UInt8]]) -> RESPEncoder {
        var commands = RESPEncoder()
        for pattern in patterns { commands.add([Array("PSUBSCRIBE".utf8), pattern]) }
        return commands
    }

    private static func isConfirmation(_ elements: [RedisReply]) -> Bool {
        elements.first?.bytes == Array("psubscribe".utf8)
    }

    /// Waits for changes until `end`; the names of those that there are then.
    func changes(until end: ContinuousClock.Instant, _ timeout: Duration) throws(RedisFailure) -> Set<[UInt8]> {
        session.beginRead()
        session.deadline = max(end, .now).advanced(by: timeout)
        var names: Set<[UInt8]> = []
        var end = end
        while let part = try session.part(.watch, until: end) {
            _ = try take(part, &names)
            end = .now
        }
        return names
    }

    /// The names of all changes that redis has made before this call.
    func changesSoFar(_ timeout: Duration) throws(RedisFailure) -> Set<[UInt8]> {
        session.beginRead()
        session.deadline = .now.advanced(by: timeout)
        // Its confirmation comes after them. A PING would do the same, and need another right.
        try session.send(Self.subscribing(to: [pattern]), .watch)
        var names: Set<[UInt8]> = []
        while try !take(session.part(.watch), &names) {}
        return names
    }

    /// Takes the message that begins with `part`; true if it confirms a subscription.
    private func take(_ part: RESPToken, _ names: inout Set<[UInt8]>) throws(RedisFailure) -> Bool {
        if case .error(let line) = part { throw session.failure(.watch, .answer(.refused(RedisRefusal(line)))) }
        guard case .array(let count) = part, count <= 4 else { throw session.failure(.watch, .answer(.unexpected)) }
        var elements: [RedisReply] = []
        for _ in 0..<count { elements.append(try session.reply(.watch)) }
        if Self.isConfirmation(elements) { return true }
        if count == 4, let channel = elements[2].bytes, channel.starts(with: prefix) {
            let name = Array(channel.dropFirst(prefix.count))
            if ranges.contains(where: { $0.own == name || $0.holds(name) }) { names.insert(name) }
        }
        return false
    }
}
