import Checks
import Configuration
import KeyValue
import Posix
import Rendering

/// The servers among the keys of one resource: which are probed, and what its template sees of them.
///
/// Used by the engine's thread alone.
struct ResourceHealth {
    private let resource: Resource
    private var tables: [TargetTable]
    /// The keys before anything is hidden, and the same as the template sees them.
    private var whole: VersionedSnapshot?
    private var view: Snapshot?
    /// The keys before anything is hidden; nil until there are any.
    var store: Snapshot? { whole?.snapshot }
    /// What the template is rendered over, numbered anew with every change.
    private(set) var visible: VersionedSnapshot?
    /// Until when the first rendering waits for the first probe of each target; nil before there are keys.
    private(set) var deadline: Duration?
    /// Targets whose first probe has not ended.
    private var untold: Set<CheckedTarget> = []
    /// What was reported and still holds: each is reported once.
    private var reported: Set<CheckProblem.Subject> = []
    /// For `-onetime`: the verdicts of the daemon on this host, whether each target, as text, is up.
    var known: [String: Bool] = [:]

    /// nil for a resource without health checks.
    init?(_ resource: Resource, environment: any Rendering.Environment) {
        if resource.healthChecks.isEmpty { return nil }
        self.resource = resource
        tables = resource.healthChecks.map { TargetTable($0, environment: environment) }
    }

    /// What is to be probed.
    var targets: Set<CheckedTarget> {
        tables.reduce(into: []) { all, table in
            for target in table.targets { all.insert(CheckedTarget(target, table.check.check)) }
        }
    }

    /// Whether the first rendering waits no longer at `now`.
    func isDecided(at now: Duration) -> Bool { untold.isEmpty || deadline.map { now >= $0 } ?? false }

    /// What is wrong with the checks, each pattern, key and group once and in this order.
    var problems: [CheckProblem] {
        var named: Set<CheckProblem.Subject> = []
        return allProblems.filter { named.insert($0.subject).inserted }
    }

    private var allProblems: [CheckProblem] {
        tables.filter(\.isEmpty).map { .noKey($0.check.keys.text, resource) }
            + tables.flatMap(\.problems).map { .noTarget($0.key, $0.reason) }
            + groupsShownAsWhole.map { .shownAsWhole($0) }
    }

    /// The problems that have begun since the last call, and the groups for which theirs has ended.
    mutating func takeProblems() -> (began: [CheckProblem], ended: [[UInt8]]) {
        let now = problems
        let before = reported
        reported = Set(now.map(\.subject))
        let ended = before.subtracting(reported).compactMap { subject in
            if case .group(let group) = subject { group } else { nil }
        }
        return (
            now.filter { !before.contains($0.subject) }, ended.sorted { $0.lexicographicallyPrecedes($1) }
        )
    }

    /// Takes the keys that the backend has delivered; false if they are the same as before. `health` gives what is known of a
    /// target that is probed for another resource already.
    mutating func update(_ snapshot: VersionedSnapshot, at now: Duration, health: (CheckedTarget) -> Health?) -> Bool {
        guard whole?.version != snapshot.version else { return false }
        whole = snapshot
        let new = snapshot.snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix)
        let before = targets
        for index in tables.indices { tables[index].update(from: view, to: new) }
        view = new
        let after = targets
        untold.formIntersection(after)
        for target in after.subtracting(before) {
            let health = health(target)
            if health?.wasProbed != true { untold.insert(target) }
            if let health { note(target, health) }
            if let isUp = known["\(target)"] {
                for index in tables.indices { tables[index].note(target.target, isUp: isUp) }
            }
        }
        // First probes begin within half of their timeout.
        if deadline == nil { deadline = now + (tables.map(\.check.check.options.timeout).max() ?? .zero) * 1.5 }
        show()
        return true
    }

    /// Takes a verdict; false if none of its keys is concerned.
    mutating func take(_ change: VerdictChange) -> Bool {
        let isOurs = tables.contains { $0.check.check == change.target.check && $0.has(change.target.target) }
        guard isOurs else { return false }
        untold.remove(change.target)
        let before = tables.map(\.hidden)
        note(change.target, change.health)
        if tables.map(\.hidden) != before { show() }
        return true
    }

    /// A target that could not be probed counts as the check's `initial` says.
    private mutating func note(_ target: CheckedTarget, _ health: Health) {
        guard health.hasVerdict else { return }
        for index in tables.indices where tables[index].check.check == target.check {
            tables[index].note(target.target, isUp: health.isUp)
        }
    }

    private mutating func show() {
        guard let whole else { return }
        let hidden = tables.flatMap(\.hidden).map { Path.join([resource.prefix, $0]) }
        visible = VersionedSnapshot(
            snapshot: whole.snapshot.hiding(hidden), version: (visible?.version ?? 0) + 1)
    }

    /// The servers, each once for a group; `health` tells what is known of a target.
    func servers(_ health: (CheckedTarget) -> Health?) -> [ServerStatus] {
        tables.flatMap { table in
            table.groupsOfTargets.compactMap { group, target, isHidden in
                health(CheckedTarget(target, table.check.check)).map { health in
                    let port =
                        switch CheckedTarget(target, table.check.check).destination {
                        case .host(_, let port): Int(port)
                        case .path: 0
                        }
                    return ServerStatus(
                        resource: resource.name, group: String(decoding: group, as: UTF8.self), target: "\(target)",
                        isHidden: isHidden, health: health, port: port)
                }
            }
        }.sorted { ($0.group, $0.target) < ($1.group, $1.target) }
    }

    /// The keys that are hidden, by the store's names and in their order, each with its server.
    var hiddenTargets: [(key: [UInt8], target: CheckTarget)] {
        tables.flatMap(\.hiddenTargets).map { (key: Path.join([resource.prefix, $0.key]), target: $0.target) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// The groups whose servers are all shown, because too few of them are up.
    var groupsShownAsWhole: [[UInt8]] {
        Set(tables.flatMap(\.groupsShownAsWhole)).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// What the functions `healthy` and `health` answer in a rendering; `engine` is nil where nothing is probed.
    func source(_ engine: CheckEngine?) -> HealthAnswers { HealthAnswers(tables: tables, engine: engine) }
}
