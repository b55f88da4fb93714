import Glibc
import KeyValue
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// Three members are killed, cut off and compacted while keys change: each snapshot that is followed is a state that etcd
/// had, none is older than the one before, and after each fault etcd's current state is reached.
///
/// `CONFD_CHAOS_ROUNDS` sets the number of rounds (the whole test has 100), `CONFD_CHAOS_SEED` repeats a run.
@Suite struct EtcdChaosTests {
    private static func number(_ name: String, or other: UInt64) -> UInt64 {
        getenv(name).flatMap { UInt64(String(cString: $0)) } ?? other
    }

    @Test func convergesWhateverHappens() throws {
        let rounds = Int(Self.number("CONFD_CHAOS_ROUNDS", or: 6))
        let seed = Self.number("CONFD_CHAOS_SEED", or: 20_261_121)
        print("chaos: \(rounds) rounds, CONFD_CHAOS_SEED=\(seed)")
        var generator = SeededGenerator(seed: seed)
        let cluster = try EtcdCluster()
        let writer = try ChaosWriter(cluster, seed: generator.next())
        // Over all members with one watch; over one member, which may be away; over all with a watch for each range.
        let observers = [
            try ChaosObserver(cluster.endpoints, writer, isExact: true),
            try ChaosObserver([cluster.endpoints[0]], writer, isExact: true),
            try ChaosObserver(cluster.endpoints, writer, isExact: false) {
                $0.session.withLock { $0.watchesRanges = true }
            },
        ]
        var options = EtcdOptions()
        options.endpoints = cluster.endpoints
        let reader = try EtcdBackend(options)
        var counts: [ChaosFault: Int] = [:]
        for round in 1...rounds {
            // The first ones in turn, so that a short run has them all.
            let fault =
                round <= ChaosFault.allCases.count
                ? ChaosFault.allCases[round - 1] : ChaosFault.allCases.randomElement(using: &generator)!
            counts[fault, default: 0] += 1
            try fault.happen(to: cluster, writer, for: UInt32.random(in: 200...2_000, using: &generator), &generator)
            try cluster.heal()
            writer.pause()
            for (number, observer) in observers.enumerated() {
                // A transaction that the writer has given up may still be made: the state is read anew each time.
                var found = "nothing could be read"
                let isInStep = eventuallyBlocking(seconds: 60) {
                    do { found = observer.difference(from: try reader.read("/chaos/a", "/chaos/m", "/chaos/z")) } catch
                    {
                        found = "\(error)"
                    }
                    return found.isEmpty
                }
                #expect(
                    isInStep,
                    """
                    round \(round), \(fault): observer \(number) is not in step: \(found);
                    \(cluster.positions()), \(observer.position)
                    """)
            }
            writer.resume()
            if observers.contains(where: { !$0.complaints.isEmpty }) { break }
        }
        try writer.stop()
        #expect(writer.count > rounds)
        for observer in observers {
            #expect(observer.complaints == [])
            #expect(observer.following.stop())
        }
        let deliveries = observers.map { "\($0.following.deliveries)" }.joined(separator: ", ")
        let failures = observers.map { "\($0.following.failures.count)" }.joined(separator: ", ")
        print(
            "chaos: \(counts.map { "\($0.value) x \($0.key)" }.sorted().joined(separator: ", ")); \(writer.count) transactions;",
            "deliveries \(deliveries); connections lost \(failures)")
    }
}

private enum ChaosFault: CaseIterable {
    case killLeader, isolateLeader, isolateMember, compact, killMember, compactWhileIsolated

    func happen(
        to cluster: EtcdCluster, _ writer: ChaosWriter, for milliseconds: UInt32, _ generator: inout SeededGenerator
    ) throws {
        let leader = try cluster.leader()
        let other = (leader + Int.random(in: 1...2, using: &generator)) % 3
        switch self {
        case .killLeader: cluster.kill(leader)
        case .killMember: cluster.kill(other)
        case .isolateLeader: cluster.isolate(leader)
        case .isolateMember: cluster.isolate(other)
        case .compact: try compact(cluster.member(leader), writer)
        case .compactWhileIsolated:
            cluster.isolate(other)
            // Long enough for observers at this member to miss revisions that are then compacted.
            usleep(500_000)
            try compact(cluster.member(leader), writer)
        }
        // How long the fault lasts.
        usleep(milliseconds * 1_000)
    }

    private func compact(_ server: EtcdServer?, _ writer: ChaosWriter) throws {
        // This revision may be compacted already, or the call may time out under load: neither matters here.
        try? server?.compact(writer.revision)
    }
}

/// Writes transactions: each puts the next number at two keys, changes some other keys, and puts a key between them that
/// nobody watches.
private final class ChaosWriter: Sendable {
    private struct State {
        var isPaused = false
        var isIdle = false
        /// Numbers by revision, for those that etcd has confirmed, ascending.
        var confirmed: [(revision: Int64, number: Int)] = []
        var generator: SeededGenerator
    }

    private let cluster: EtcdCluster
    private let state: Mutex<State>
    private let thread = Mutex<WriterThread?>(nil)

    init(_ cluster: EtcdCluster, seed: UInt64) throws {
        self.cluster = cluster
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
        try cluster.member(0)?.put(["/chaos/a/key": "0", "/chaos/z/key": "0"])
        let thread = try WriterThread { [self] number in write(number) }
        self.thread.withLock { $0 = thread }
    }

    private func write(_ number: Int) {
        // Waits for `resume`.
        while state.withLock({ state in
            state.isIdle = state.isPaused
            return state.isPaused
        }) { usleep(1_000) }
        // With zeros in front, so that values sort as their numbers do.
        let value = String(String(1_000_000_000 + number).dropFirst())
        let (index, changes) = state.withLock { state in
            var changes: [(key: String, value: String?)] = [
                ("/chaos/a/key", value), ("/chaos/noise", value), ("/chaos/z/key", value),
            ]
            for key in Set((0..<3).map { _ in Int.random(in: 0..<50, using: &state.generator) }) {
                let isDeleted = Bool.random(using: &state.generator)
                changes.append(("/chaos/m/\(key)", isDeleted ? nil : value))
            }
            return (Int.random(in: 0..<3, using: &state.generator), changes)
        }
        // A transaction that fails may still be made, even later. It is then not among the confirmed ones, and its condition
        // keeps it from being made after one with a higher number.
        let revision = try? cluster.member(index)?.write(
            changes, ifLess: "/chaos/a/key", than: value, timeout: .seconds(1))
        if let revision { state.withLock { $0.confirmed.append((revision, number)) } }
        usleep(1_000)
    }

    var revision: Int64 { state.withLock { $0.confirmed.last?.revision ?? 1 } }
    var count: Int { state.withLock { $0.confirmed.count } }

    /// Waits for the transaction in progress.
    func pause() {
        state.withLock { $0.isPaused = true }
        _ = eventuallyBlocking { self.state.withLock { $0.isIdle } }
    }

    func resume() { state.withLock { $0.isPaused = false } }

    func stop() throws {
        resume()
        _ = try thread.withLock { $0 }?.stop()
    }

    /// Why a snapshot at `revision` cannot have `number`; nil if it can.
    func complaint(_ number: Int, at revision: Int64) -> String? {
        state.withLock { state in
            guard let newest = state.confirmed.last(where: { $0.revision <= revision }), newest.number > number else {
                return nil
            }
            return "number \(number) at revision \(revision), but \(newest.number) was written at \(newest.revision)"
        }
    }
}

/// Follows the keys and checks each state that is delivered.
private final class ChaosObserver: Sendable {
    let following: Following
    private let list: Complaints

    private final class Complaints: Sendable {
        let texts = Mutex<[String]>([])
        let last = Mutex<(number: Int, revision: Int64)>((0, 0))
    }

    var position: String { "observer at \(following.last?.revision ?? 0), \(following.failures.suffix(2))" }
    /// How the last snapshot differs from `state`, after at most half a second; empty if it does not.
    func difference(from state: [String: String]) -> String {
        if following.sees(state, within: 0.5) { return "" }
        let seen = following.last?.texts ?? [:]
        return Set(seen.keys).union(state.keys).filter { seen[$0] != state[$0] }.sorted()
            .map { "\($0): \(seen[$0] ?? "-") for \(state[$0] ?? "-")" }.joined(separator: ", ")
    }

    var complaints: [String] { list.texts.withLock { $0 } }

    /// `isExact`: a transaction is never seen in parts.
    init(
        _ endpoints: [String], _ writer: ChaosWriter, isExact: Bool, _ change: (EtcdBackend) -> Void = { _ in }
    ) throws {
        let list = Complaints()
        self.list = list
        var options = EtcdOptions()
        options.endpoints = endpoints
        let backend = try EtcdBackend(options)
        change(backend)
        following = try Following(backend, "/chaos/a", "/chaos/m", "/chaos/z") { snapshot in
            let texts = snapshot.texts
            let (a, z) = (Int(texts["/chaos/a/key"] ?? "0") ?? -1, Int(texts["/chaos/z/key"] ?? "0") ?? -1)
            let last = list.last.withLock { $0 }
            var complaints: [String] = []
            if isExact, a != z { complaints.append("\(a) and \(z) at revision \(snapshot.revision)") }
            if a < last.number || snapshot.revision < last.revision {
                complaints.append("\(a) at revision \(snapshot.revision) after \(last)")
            }
            if let complaint = writer.complaint(a, at: snapshot.revision) { complaints.append(complaint) }
            list.texts.withLock { $0 += complaints }
            list.last.withLock { $0 = (a, snapshot.revision) }
        }
    }
}
