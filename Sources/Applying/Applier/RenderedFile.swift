import Appliers
import Configuration
import KeyValue
import Posix
import Rendering
import Staging

/// A rendering that is due, with all that it depends on.
package struct RenderRequest: Sendable {
    var resource: Resource
    let snapshot: Snapshot
    /// The keys before health checks hid any.
    let store: Snapshot
    /// What was applied before: commands get what changed since.
    let base: KeyChanges.Base
    /// What the file was made from, if its service has not got it yet.
    let fileKeys: Snapshot?
    /// Answers what health checks know; nil without any.
    let health: (any HealthSource)?
    let history: History
    /// Whether a check that refused this content before is to be asked again.
    let mayCheckAgain: Bool
    /// What its guard compares it with.
    let guardBasis: GuardBasis
    /// The place of the item among the others, for `.index`.
    let itemIndex: Int
    /// The journal of the items' files; nil for other resources, and where nothing can be kept.
    let journal: ItemJournal?
    /// What the rollout permits; nil without one.
    let rollout: RolloutBasis?

    package init(
        resource: Resource, snapshot: Snapshot, store: Snapshot, base: KeyChanges.Base, fileKeys: Snapshot? = nil,
        health: (any HealthSource)?, history: History, mayCheckAgain: Bool, guardBasis: GuardBasis, itemIndex: Int = 0,
        journal: ItemJournal? = nil, rollout: RolloutBasis? = nil
    ) {
        self.resource = resource
        self.snapshot = snapshot
        self.store = store
        self.base = base
        self.fileKeys = fileKeys
        self.health = health
        self.history = history
        self.mayCheckAgain = mayCheckAgain
        self.guardBasis = guardBasis
        self.itemIndex = itemIndex
        self.journal = journal
        self.rollout = rollout
    }
}

/// What a template gave for a snapshot; no file has been touched yet.
package struct RenderedFile: Sendable {
    let request: RenderRequest
    /// nil if the rendering failed, which has been logged.
    package let content: [UInt8]?
    let inputs: Inputs
    let changes: KeyChanges
    /// How many keys the template saw.
    let keyCount: Int
    /// When the rendering began, by the monotonic clock.
    let began: Duration
    /// What values were decrypted to: differences mask it.
    let secrets: [[UInt8]]
    /// The servers that it lists, once it was parsed; nil without a balancer.
    var servers: [DesiredServer]?
    /// What is known of the resource, with what the steps so far have added.
    var history: History
    /// `Outcome.changeID`.
    var changeID: String?
    /// Whether it is the file from before a turn that failed.
    var isRollback = false
    /// What the resource's guard says of it; nil without a guard, and until it was compared with the file.
    var guardReport: GuardReport?

    var resource: Resource { request.resource }

    /// What it was made from, to tell whether a failure is a new one.
    var cause: Cause {
        Cause(changes.snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix), inputs)
    }

    /// `outcome` with what the next rendering has to know.
    func completed(_ outcome: Outcome) -> Outcome {
        var outcome = outcome
        outcome.inputs = inputs
        outcome.history = history
        outcome.guardReport = guardReport
        outcome.changeID = changeID
        outcome.figures = content.map {
            RenderingFigures(keys: keyCount, bytes: $0.count, duration: Clock.monotonic() - began)
        }
        return outcome
    }
}

/// What `Applier.apply` did with a rendered file.
package enum Placement: Sendable {
    case done(Outcome)
    /// The file differs, and is to be checked in its place; nothing has been changed yet.
    case awaitsCheck(Trial)
}

/// A file that is to be put in its place for a check.
package struct Trial: Sendable {
    var file: RenderedFile
    /// What the template gave.
    let content: [UInt8]
    /// What is put in place: `check_each` may have edited it.
    let candidate: [UInt8]
    /// Where it belongs. The directory is not kept open: many may wait at a time.
    let place: Place
    /// Those with the same command are checked together.
    let command: CommandInvocation

    var resource: Resource { file.resource }
}
