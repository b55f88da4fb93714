import KeyValue
import Posix
import TestSupport

@testable import Applying
@testable import Configuration
@testable import Staging

/// An applier over a directory of the test's own, for one resource. The test answers its commands (`commands`); the resource's
/// history is kept from pass to pass, as an engine does.
final class ApplierRig: TestConfdir {
    let directory: TemporaryDirectory
    let log = TestLog()
    let commands = ScriptedCommands()
    private(set) var applier: Applier
    private var history = History()

    init(_ arguments: [String] = []) throws {
        directory = try Self.makeDirectory()
        applier = try Self.applier(arguments, directory, log, commands)
    }

    /// Begins another run of confd, which knows only what is on disk.
    func restart(_ arguments: [String] = []) throws {
        applier = try Self.applier(arguments, directory, log, commands)
        history = History()
    }

    private static func applier(
        _ arguments: [String], _ directory: TemporaryDirectory, _ log: TestLog, _ commands: ScriptedCommands
    ) throws -> Applier {
        let settings = try Confdir(directory).settings(arguments)
        return Applier(
            settings: settings, logger: log.logger, renderer: ResourceRenderer(settings),
            cancellation: try Cancellation()
        ) { command, _ in commands.run(command) }
    }

    /// The definition of the resource `name`, as its file gives it.
    func definition(_ name: String = "app") throws -> Resource {
        let loaded = try ResourceLoader(applier.settings, environment: [:]).load(only: "\(name).toml")
        guard let resource = loaded.resources.first else { throw SupportError("\(loaded.errors)") }
        return resource
    }

    /// Does what a start does before there are keys.
    func prepare(_ resource: Resource) { applier.prepare(resource, &history) }

    /// What the engine knows of a pass, apart from the keys.
    struct Pass {
        var mayCheckAgain = false
        var guardBasis = GuardBasis(applied: nil, isBelieved: false, isKept: true)
    }

    /// Renders the resource with the value `value` of `/app/name`, and brings its file in step.
    func apply(_ resource: Resource, _ value: String = "new", _ pass: Pass = Pass()) -> Outcome {
        let snapshot = Snapshot([(key: Array("/app/name".utf8), value: Array(value.utf8))], revision: 1)
        let file = applier.render(
            RenderRequest(
                resource: resource, snapshot: snapshot, store: snapshot, base: .unknown, health: nil, history: history,
                mayCheckAgain: pass.mayCheckAgain, guardBasis: pass.guardBasis))
        let outcome: Outcome
        switch applier.apply(file) {
        case .done(let done): outcome = done
        case .awaitsCheck(let trial): outcome = applier.checkInPlace([trial])[0]
        }
        history = outcome.history
        return outcome
    }

    /// Runs the reload that is owed after `outcome`; nil if none is.
    func reload(after outcome: Outcome) -> ReloadOutcome.State? {
        guard let reload = outcome.reload else { return nil }
        let done = applier.reload([DueReload(reload, history)])[0]
        history = done.history
        return done.state
    }

    /// Whether what is beside the file says that its reload is owed.
    func isMarked(_ name: String = "app") throws -> Bool {
        try Destination(resolving: path(name)).reloadMark() != nil
    }
}
