import Backends
import Configuration
import Diagnostics
import KeyValue
import Posix
import Rollout

/// `confd rollout status|halt|resume GROUP`: reads the group's keys in the store, or changes them. It needs no daemon.
struct RolloutCommand {
    /// Why it could not be done.
    enum Problem: Error, Equatable {
        case store(BackendError)
        /// No backend of the settings has rollouts.
        case backend(String)
        /// The store has no keys of this group.
        case unknownGroup(String, known: [String])
        case system(SystemError)
    }

    /// The result of `halt` or `resume` for one resource of the group.
    struct Change: Equatable {
        let resource: String
        /// Nil: there was nothing to do; false: the store has changed meanwhile.
        let isMade: Bool?
    }

    private static let patience = Duration.seconds(10)

    let group: String
    let backend: BackendConfiguration
    let backends: BackendPool

    init(_ settings: Settings, _ backends: BackendPool) throws(Problem) {
        group = settings.rolloutArguments.group
        self.backends = backends
        guard let layer = settings.layers.first(where: { $0.backend.kind.takesRollouts }) else {
            throw .backend(settings.backend.name)
        }
        backend = layer.backend
    }

    /// The resources of the group, by name, as the store has them.
    func read() throws(Problem) -> [(resource: String, view: GroupView)] {
        let path = "\(GroupKeys.root)/\(group)"
        let snapshot = try snapshot(of: path)
        let names = Self.names(in: snapshot, below: path)
        if names.isEmpty {
            // Those who may read a group need not have the right to read all.
            let all = try? self.snapshot(of: GroupKeys.root)
            throw .unknownGroup(group, known: all.map { Self.names(in: $0, below: GroupKeys.root) } ?? [])
        }
        return names.map { name in
            var view = GroupView(GroupKeys(group: "\(group)/\(name)"))
            view.take(snapshot, after: Snapshot([]))
            return (name, view)
        }
    }

    /// Halts all resources of the group whose change is under way.
    func halt(by who: String) throws(Problem) -> [Change] { try change { $0.halting(because: "halted by \(who)") } }

    /// Has all resources of the group go on that are halted.
    func resume() throws(Problem) -> [Change] { try change { $0.resuming() } }

    private func change(_ transaction: (GroupView) -> Transaction?) throws(Problem) -> [Change] {
        var changes: [Change] = []
        for (resource, view) in try read() {
            let isMade = try transaction(view).map { (transaction) throws(Problem) in try commit(transaction) }
            changes.append(Change(resource: resource, isMade: isMade))
        }
        return changes
    }

    private func snapshot(of path: String) throws(Problem) -> Snapshot {
        do throws(BackendError) {
            return try backends.backend(for: backend).snapshot(
                of: [KeyRange(cleaned: Array(path.utf8))], timeout: Self.patience)
        } catch {
            throw .store(error)
        }
    }

    private func commit(_ transaction: Transaction) throws(Problem) -> Bool {
        do {
            guard let store = try backends.backend(for: backend) as? any TransactingBackend else {
                throw Problem.backend(backend.name)
            }
            return try store.commit(transaction, timeout: Self.patience, cancellation: Cancellation())
        } catch let error as BackendError {
            throw .store(error)
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            throw .backend(backend.name)
        }
    }

    /// The first parts of the keys below `path`.
    private static func names(in snapshot: Snapshot, below path: String) -> [String] {
        var names: Set<String> = []
        for index in 0..<snapshot.count {
            let rest = snapshot.key(at: index).array.dropFirst(path.utf8.count + 1)
            let name = rest.prefix { $0 != UInt8(ascii: "/") }
            // confd's keys have further parts: a key that ends here is not one of them.
            if !name.isEmpty, name.count < rest.count { names.insert(String(decoding: name, as: UTF8.self)) }
        }
        return names.sorted()
    }
}

extension RolloutCommand {
    /// What `status` prints.
    static func table(_ group: [(resource: String, view: GroupView)], isColoured: Bool) -> String {
        var table = StatusTable(
            ["RESOURCE", "CHANGE", "STATE", "HOSTS", "DONE", "WAITING", "TURN"], isColoured: isColoured)
        var halts: [String] = []
        for (resource, view) in group {
            let report = GroupReport(view)
            func number(_ number: Int) -> StatusTable.Cell { StatusTable.Cell("\(number)", isNumber: true) }
            table.add([
                StatusTable.Cell(resource), StatusTable.Cell(report.change?.shortText ?? "-"),
                StatusTable.Cell(report.state.rawValue, tone: report.state.tone), number(report.members),
                number(report.done), number(report.waiting), StatusTable.Cell(names(report.holders)),
            ])
            // Anybody who may write there may have chosen the names.
            if let halt = report.halt { halts.append(PrintableText.line("\(resource) is halted: \(halt)")) }
        }
        return (table.lines + halts).joined(separator: "\n")
    }

    /// The number that changes when members change their meaning or go.
    private static let protocolVersion = 1

    /// What `status -json` prints: one object, which docs/fleet.md describes.
    static func json(of name: String, _ group: [(resource: String, view: GroupView)]) -> String {
        var writer = StatusWriter()
        writer.object {
            $0.set("protocol", protocolVersion)
            $0.set("group", name)
            $0.array("resources", group) { writer, part in
                let report = GroupReport(part.view)
                writer.set("resource", part.resource)
                writer.set("change", report.change?.text)
                writer.set("state", report.state.rawValue)
                writer.set("hosts", report.members)
                writer.set("done", report.done)
                writer.set("waiting", report.waiting)
                writer.texts("turn", report.holders)
                writer.set("halt", report.halt)
            }
        }
        // Anybody who may write there may have chosen the names.
        return String(decoding: PrintableText.json(writer.finish()), as: UTF8.self)
    }

    /// The first three, and how many more there are.
    private static func names(_ hosts: [String]) -> String {
        if hosts.isEmpty { return "-" }
        let more = hosts.count > 3 ? " and \(hosts.count - 3) more" : ""
        return hosts.prefix(3).joined(separator: ", ") + more
    }

    /// What `halt` and `resume` print; and whether anything was done.
    static func text(_ changes: [Change], _ verb: RolloutArguments.Verb) -> (text: String, isDone: Bool) {
        let done = verb == .halt ? "halted" : "goes on"
        let nothing = verb == .halt ? "nothing is under way" : "is not halted"
        let lines = changes.map { change in
            switch change.isMade {
            case true?: "\(change.resource): \(done)"
            case false?: "\(change.resource): it has changed meanwhile, try again"
            case nil: "\(change.resource): \(nothing)"
            }
        }
        return (lines.joined(separator: "\n"), changes.contains { $0.isMade == true })
    }
}

extension GroupReport.State {
    var tone: StatusTone {
        switch self {
        case .none: .neutral
        case .done: .good
        case .canary, .rolling: .warning
        case .halted: .bad
        }
    }
}

extension RolloutCommand.Problem {
    /// The message for standard error, with what to do about it.
    var message: String {
        switch self {
        case .store(let error): error.message + (error.hint.map { "\nhint: \($0)" } ?? "")
        case .backend(let name): "the \(name) backend has no rollouts: they need etcd, by its v3 API"
        case .unknownGroup(let group, let known):
            "no host takes part in rollouts of \"\(group)\""
                + (known.isEmpty
                    ? "" : "\nhint: there \(known.count == 1 ? "is" : "are") \(known.joined(separator: ", "))")
        case .system(let error): error.message
        }
    }

    var exitCode: Int32 {
        switch self {
        case .store: ExitCode.backend
        case .backend, .unknownGroup: ExitCode.usage
        case .system: ExitCode.failed
        }
    }
}
