/// When which target is probed, and what came of it. Pure: times and results come in. No step takes a time that grows with
/// the number of targets, but for `set`.
package struct CheckSchedule: Sendable {
    /// One probe of one target.
    package struct ProbeID: Hashable, Sendable {
        /// No two probes have the same.
        package let serial: UInt64
        fileprivate let number: Int
    }

    /// A probe that begins.
    package struct Start: Sendable {
        package let id: ProbeID
        package let target: CheckedTarget
        package let deadline: Duration
        /// How much later it begins than it was due.
        package let lateness: Duration
    }

    /// What the end of a probe changed.
    package struct Report: Sendable {
        package let target: CheckedTarget
        package let state: CheckState
        package let change: CheckState.Change
    }

    private struct Entry {
        let target: CheckedTarget
        var state: CheckState
        var times: ProbeTimes
        /// The serial of the probe that runs.
        var running: UInt64?
    }

    private var entries: [Entry?] = []
    /// Numbers of `entries` that are free.
    private var free: [Int] = []
    private var numbers: [CheckedTarget: Int] = [:]
    private var due = TimerHeap()
    private var deadlines = TimerHeap()
    private var serial: UInt64 = 0
    private var random: any RandomNumberGenerator & Sendable
    /// Where in its interval the next new target begins.
    private var part: Double

    /// How many new targets are probed for the first time per second.
    private static let firstProbesPerSecond = 2_000.0
    /// The golden ratio: its multiples, each without their whole part, are spread evenly however many there are.
    private static let step = 0.618_033_988_749_894_9
    /// If a deadline is handled this late, the process was stopped (SIGSTOP, suspend): the answer may be here, unread.
    private static let delayLimit = Duration.seconds(1)

    /// An empty schedule; `random` decides where in their intervals targets begin, and the jitter.
    package init(random: any RandomNumberGenerator & Sendable) {
        self.random = random
        part = Double.random(in: 0..<1, using: &self.random)
    }

    /// What is known about a target, nil if there is none like it.
    package func state(of target: CheckedTarget) -> CheckState? { numbers[target].flatMap { entries[$0]?.state } }

    /// Makes `wanted` the targets. Those that there are stay as they are; a new one is probed soon: at once if it is alone,
    /// else within the shortest of its interval, half its timeout and 0.5 ms for each. Returns the probes that are no
    /// longer wanted.
    package mutating func set(_ wanted: Set<CheckedTarget>, at now: Duration) -> [ProbeID] {
        var cancelled: [ProbeID] = []
        for (target, number) in numbers where !wanted.contains(target) {
            if let serial = entries[number]?.running { cancelled.append(ProbeID(serial: serial, number: number)) }
            numbers[target] = nil
            entries[number] = nil
            free.append(number)
            due.remove(number)
            deadlines.remove(number)
        }
        let added = wanted.filter { numbers[$0] == nil }
        for (index, target) in added.enumerated() { add(target, at: now, index: index, of: added.count) }
        return cancelled
    }

    private mutating func add(_ target: CheckedTarget, at now: Duration, index: Int, of count: Int) {
        let options = target.check.options
        let window = min(options.interval, options.timeout / 2, .seconds(Double(count) / Self.firstProbesPerSecond))
        let first = now + window * (Double(index) / Double(count))
        let entry = Entry(
            target: target, state: CheckState(initial: options.initial, at: now),
            times: ProbeTimes(interval: options.interval, part: part, first: first))
        part = (part + Self.step).truncatingRemainder(dividingBy: 1)
        let number = free.popLast() ?? entries.count
        if number == entries.count { entries.append(entry) } else { entries[number] = entry }
        numbers[target] = number
        due.set(number, to: first)
    }

    /// When the next probe is due.
    package var nextDue: Duration? { due.first }
    /// When the next probe that runs has had its time.
    package var nextDeadline: Duration? { deadlines.first }

    /// Begins the next probe that is due; nil if none is.
    package mutating func start(at now: Duration) -> Start? {
        guard let (number, time) = due.pop(notAfter: now), let target = entries[number]?.target else { return nil }
        serial += 1
        entries[number]?.running = serial
        let deadline = now + target.check.options.timeout
        deadlines.set(number, to: deadline)
        let id = ProbeID(serial: serial, number: number)
        return Start(id: id, target: target, deadline: deadline, lateness: now - time)
    }

    /// A probe that has had its time, and whether it was looked after meanwhile; nil if there is none. `finish` must follow.
    package mutating func expire(at now: Duration) -> (id: ProbeID, isDelayed: Bool)? {
        guard let (number, time) = deadlines.pop(notAfter: now), let serial = entries[number]?.running else {
            return nil
        }
        return (ProbeID(serial: serial, number: number), now - time >= Self.delayLimit)
    }

    /// Takes the result of a probe and plans the next; nil if its target is gone.
    package mutating func finish(_ id: ProbeID, _ result: ProbeResult, at now: Duration) -> Report? {
        guard id.number < entries.count, entries[id.number]?.running == id.serial, var entry = entries[id.number]
        else { return nil }
        let options = entry.target.check.options
        entry.running = nil
        let change = entry.state.take(result, options, at: now)
        let late = options.jitter == .zero ? .zero : options.jitter * Double.random(in: 0..<1, using: &random)
        let next = entry.times.next(after: now, late: late)
        entries[id.number] = entry
        deadlines.remove(id.number)
        due.set(id.number, to: result == .inconclusive(.delayed) ? now : next)
        return Report(target: entry.target, state: entry.state, change: change)
    }
}
