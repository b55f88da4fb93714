import Backends
import KeyValue
import Posix
import Rollout
import Testing

@testable import Applying
@testable import ConfdCore
@testable import Configuration

/// A host of a rollout without an engine: a session, with a file in memory, and with commands and a clock of the test.
final class RolloutHost {
    enum Verdict {
        case works
        case fails(String)
        /// The command runs for ever.
        case never
    }

    let name: String
    let store: RolloutStore
    let resource: Resource
    /// A test sets another session to restart confd on this host.
    var session: RolloutSession { didSet { renderedContent = nil } }
    var file: String?
    var verdict = Verdict.works
    /// Why files cannot be written; nil if they can.
    var writeFailure: String?
    /// Why the service cannot be reloaded; nil if it can.
    var reloadFailure: String?
    /// Whether its lease is renewed.
    var isAlive = true
    /// Whether its transactions are kept in `heldTransactions` until the test calls `answer`.
    var holdsTransactions = false
    private(set) var heldTransactions: [Transaction] = []
    /// Each content that was written to the file, in order, rollbacks too.
    private(set) var written: [String] = []
    private(set) var verifications = 0
    private(set) var endedTrials = 0
    private var previous: String?
    private var renderedContent: String?

    init(_ session: RolloutSession, _ resource: Resource, _ store: RolloutStore, file: String?) {
        name = session.host
        self.session = session
        self.resource = resource
        self.store = store
        self.file = file
    }

    /// What the engine does when it wakes. With `takesGroup` false, a `RolloutKeeper` has handed over the keys of the group.
    func pass(at now: Duration, takesGroup: Bool = true) {
        let snapshot = store.snapshot
        if takesGroup { session.takeGroup(snapshot) }
        session.takeKeys(VersionedSnapshot(snapshot: snapshot, version: Int(snapshot.revision)), resource)
        session.takeRegistered(store.held(by: name))
        if renderedContent != content { render() }
        while let action = session.next(at: now) { perform(action, at: now) }
        if session.takeNeedForRendering() { render() }
        if session.takeEndOfTrial() { endedTrials += 1 }
        if isAlive { store.hold(session.places.map { ($0.key, $0.value) }, by: name) }
    }

    /// Commits a held transaction; the session gets the result, or "not known" if `isKnown` is false.
    @discardableResult
    func answer(_ transaction: Transaction, isKnown: Bool = true, at now: Duration) -> Bool {
        heldTransactions.removeAll { $0 == transaction }
        let isMade = store.commit(transaction)
        session.committed(isKnown ? .success(isMade) : .failure(RolloutWorld.lostAnswer), at: now)
        return isMade
    }

    private func perform(_ action: Participant.Action, at now: Duration) {
        switch action {
        case .commit(let transaction):
            heldTransactions.append(transaction)
            if !holdsTransactions { answer(transaction, at: now) }
        case .apply, .rollBack: render()
        case .verify:
            verifications += 1
            switch verdict {
            case .works: session.verified(nil, at: now)
            case .fails(let reason): session.verified(reason, at: now)
            case .never: break
            }
        }
    }

    // MARK: - Files

    /// What the template makes of the keys.
    private var content: String { store.value("/app/name") ?? "" }

    private func render() {
        switch session.beginRendering() {
        case .rollBack: finish(write(previous ?? ""))
        case .render(let basis):
            let content = content
            renderedContent = content
            let id = ChangeName.id(of: basis.keys)
            if file == content {
                finish(.inSync, id)
            } else if !basis.permitted.contains(id) {
                finish(.waits, id)
            } else {
                previous = file
                finish(write(content), id)
            }
        }
    }

    private func write(_ content: String) -> Outcome.State {
        if writeFailure != nil { return .failed }
        file = content
        written.append(content)
        return .updated
    }

    private func finish(_ state: Outcome.State, _ id: String? = nil) {
        var outcome = Outcome(state, reload: state == .updated ? reload : nil)
        outcome.changeID = id
        // What failed is tried again.
        if state == .failed { renderedContent = nil }
        session.take(outcome, failure: writeFailure, hasFile: file != nil, revision: 0)
        guard state == .updated else { return }
        let run = ReloadRun(ended: Clock.wall(), duration: .zero, problem: reloadFailure, success: "done")
        let result = ReloadOutcome(state: reloadFailure == nil ? .done : .owed, history: History(), run: run)
        _ = session.take(result)
    }

    private var reload: Reload {
        Reload(
            resource: resource, action: .command(.shell("reload")), field: "reload_cmd", environment: [:],
            changes: KeyChanges(base: .unknown, snapshot: store.snapshot, ranges: resource.ranges), change: 1)
    }
}

/// Hosts of one or more groups, with one store, and a clock that the test moves.
final class RolloutWorld {
    static let lostAnswer = BackendError(.unreachable, "connection reset")

    let store = RolloutStore()
    private(set) var hosts: [RolloutHost] = []
    private(set) var now = Duration.seconds(1_000)

    /// The first host is the canary.
    static let settings = "canary = \"*1\"\nsoak = \"60s\"\nmax_parallel = 1\nverify_cmd = \"true\""

    /// Hosts whose files hold "0", as the keys say.
    init(_ count: Int, _ settings: String = RolloutWorld.settings, group: String = "web") throws {
        store.put("/app/name", "0")
        for number in 1...count { try add("host\(number)", settings, group: group) }
        settle()
    }

    /// Adds a host.
    func add(_ name: String, _ settings: String = RolloutWorld.settings, group: String) throws {
        let resource = try Resource.rollout(settings, group: group, in: store)
        let definition = try #require(resource.rollout)
        let session = RolloutSession(resource, definition, host: name)
        hosts.append(RolloutHost(session, resource, store, file: "0"))
    }

    /// Has each host do what there is to do, until there is nothing.
    func settle() {
        for _ in 0..<1_000 {
            let before = store.snapshot.revision
            for host in hosts { host.pass(at: now) }
            if store.snapshot.revision == before { return }
        }
        Issue.record("the hosts never come to rest")
    }

    /// Moves the clock, and lets the hosts do what there is to do then.
    func advance(_ time: Duration) {
        now += time
        settle()
    }

    /// Moves the clock from one deadline to the next, until none is left.
    func finish() {
        for _ in 0..<1_000 {
            guard let next = hosts.compactMap(\.session.deadline).min() else { return }
            advance(max(next - now, .zero))
        }
        Issue.record("there is always another deadline")
    }

    /// What the files hold.
    var files: [String?] { hosts.map(\.file) }

    /// Commits what an operator does to the newest change, such as a halt.
    func operate(_ transaction: (GroupView) -> Transaction?, group: String = "web") throws {
        var view = GroupView(GroupKeys(group: "\(group)/app.toml"))
        view.take(store.snapshot, after: Snapshot([]))
        #expect(store.commit(try #require(transaction(view))))
    }

    /// The keys of the group, without the names of changes: `started/host1`.
    func entries(group: String = "web") -> [String] {
        store.names(below: "/_confd/rollout/\(group)/app.toml/").map { name in
            let parts = name.split(separator: "/")
            return parts[0].contains("-") ? parts.dropFirst().joined(separator: "/") : name
        }
    }
}

extension Resource {
    /// A resource with these settings of a rollout, whose keys are in `store`.
    static func rollout(
        _ settings: String, group: String, name: String = "app.toml", in store: RolloutStore
    ) throws -> Resource {
        let configuration = BackendConfiguration(
            kind: RolloutKind(store: store), named: "test", options: BackendOptions())
        return try test(
            name, destination: "/nowhere/\(name)", fields: "[template.rollout]\ngroup = \"\(group)\"\n\(settings)",
            layers: [BackendLayer(configuration, mount: Array("/".utf8), isOptional: false)])
    }
}
