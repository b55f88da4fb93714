import Configuration
import KeyValue
import Posix
import Staging
import Synchronization

/// Does for one resource and one snapshot what there is to do: render, compare, stage, check, replace; and runs
/// the reloads that are owed. It decides nothing about time.
package final class Pipeline: Sendable {
    let settings: Settings
    let logger: Logger
    let renderer: ResourceRenderer
    let cancellation: Cancellation
    let child: SupervisedChild
    /// Where differences are printed, nil if nobody asked for them.
    let differences: DiffPrinter?
    let metrics: Metrics
    let memory = Mutex(Memory())
    /// Whether anything was ever refused or reported; set before that is noted in `memory`. Until then the threads that
    /// apply resources have no reason to meet at its lock: one that is interrupted while it holds that keeps up all.
    let hasFailed = Atomic(false)
    /// How many changes there were that could fail; see `Logger.error`.
    private let changes = Atomic(0)

    /// What is kept from pass to pass.
    struct Memory {
        /// Candidates that were refused, by destination: not tried again until something changes.
        var rejected: [String: RejectedCandidate] = [:]
        /// What is put back if a reload keeps failing (`rollback`), by destination.
        var previous: [String: PreviousContent] = [:]
        /// Warnings that were given: each is given once.
        var warned: Set<String> = []
        /// The failures that were reported: each is reported once until it changes.
        var reported: [Report: Reported] = [:]
        /// Attributes that we may not set, by destination: they are tried and reported once.
        var refused: [String: [AttributeDifference]] = [:]
        /// What was written into files that we may not read, by destination.
        var unreadable: [String: WrittenFile] = [:]
        /// Destinations that were looked at for the traces of a crash.
        var healed: Set<String> = []
        /// Which resource writes which file.
        var claims = Claims()
        /// Folders that were swept of what a kill left behind.
        var swept: Set<String> = []

        struct Report: Hashable {
            let resource: String
            let topic: Topic
        }

        struct Reported {
            let message: String
            let cause: Cause?
            let change: Int
        }
    }

    struct RejectedCandidate {
        /// For a check: less than the shortest time after which the daemon tries again without a change.
        static let pause = Duration.seconds(25)

        private let content: [UInt8]
        private let commands: [String?]
        /// Until when it is refused; nil for what was rolled back.
        private let end: Duration?

        /// Refused for so long, or for ever.
        init(_ content: [UInt8], _ resource: Resource, for time: Duration? = nil) {
            self.content = content
            commands = Self.commands(of: resource)
            end = time.map { Clock.monotonic() + $0 }
        }

        /// Whether `content` is still refused.
        func holds(for content: [UInt8], _ resource: Resource) -> Bool {
            self.content == content && commands == Self.commands(of: resource)
                && end.map { Clock.monotonic() < $0 } ?? true
        }

        /// Whether a check refused it, rather than the service.
        var isCheckRefusal: Bool { end != nil }

        private static func commands(of resource: Resource) -> [String?] {
            [resource.checkCommand?.text, resource.reloadCommand?.text]
        }
    }

    struct PreviousContent {
        /// What the service ran with last.
        let content: [UInt8]
        /// What was put in its place last.
        var replacement: [UInt8]
        /// How often the reload for it has failed.
        var failures = 0
    }

    /// `cancellation` ends the commands that run; `child` gets the signals that take the place of commands.
    package init(
        settings: Settings, logger: Logger, renderer: ResourceRenderer, cancellation: Cancellation,
        child: SupervisedChild = SupervisedChild()
    ) {
        self.settings = settings
        self.logger = logger
        self.renderer = renderer
        self.cancellation = cancellation
        self.child = child
        metrics = Metrics(areRead: settings.metricsAddress != nil)
        differences = settings.diff ? DiffPrinter(settings) : nil
    }

    /// Numbers a change that may fail.
    func nextChange() -> Int { changes.add(1, ordering: .relaxed).newValue }

    /// Does for `resource` what needs no keys: mends what a crash left and parses the template.
    package func prepare(_ resource: Resource) {
        heal(resource)
        renderer.prepare(resource)
    }

    /// What the template of `resource` makes of `snapshot`; a failure is logged. Touches no file and runs no command.
    ///
    /// `base` is the snapshot that was applied before: commands are told what changed since. `whenSlow` is called once
    /// or several times if it takes long.
    package func render(
        _ resource: Resource, _ snapshot: Snapshot, base: Snapshot? = nil,
        whenSlow: @escaping @Sendable () -> Void = {}
    ) -> Draft {
        logger.debug("Using source template \(resource.source)", resource)
        let view = snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix)
        logger.debug("Got \(view.count) keys from the store for \(resource.name)", resource)
        logger.debug("Compiling source template \(resource.source)", resource)
        let isUnwanted: @Sendable () -> Bool = { [cancellation] in
            whenSlow()
            return cancellation.isCancelled
        }
        let rendition = renderer.render(resource, view, isUnwanted: isUnwanted) { failure, inputs in
            // Other keys make no difference to a template that does not parse.
            report(failure, .template, of: resource, madeFrom: Cause(nil, inputs))
        }
        var content: [UInt8]?
        switch rendition.result {
        case .success(let bytes):
            content = bytes
            for warning in rendition.warnings { warn(warning) }
        case .failure(let failure):
            report(failure, .application, of: resource, madeFrom: Cause(view, rendition.inputs))
        }
        return Draft(
            resource: resource, content: content, inputs: rendition.inputs,
            changes: KeyChanges(base: base, snapshot: snapshot, ranges: resource.ranges))
    }

    /// Compares, stages, checks and replaces; a file that has to be checked in its place is left for `checkInPlace`.
    /// Every failure is logged. With `unsynced` the caller has to sync the folders that are noted there before any reload.
    package func put(_ draft: Draft, _ unsynced: UnsyncedFolders? = nil) -> Placement {
        let placement = tryPut(draft, unsynced)
        if case .done(let outcome) = placement { count(outcome, of: draft.resource) }
        return placement
    }

    func count(_ outcome: Outcome, of resource: Resource) {
        metrics.countPass(of: resource, succeeded: outcome.state != .failed && outcome.state != .rejected)
    }

    /// Has content that checks refused checked again. What was rolled back stays refused until data change.
    func forgetRefusals() {
        memory.withLock { memory in memory.rejected = memory.rejected.filter { !$0.value.isCheckRefusal } }
    }

    /// Syncs `folders`; what cannot be synced is a warning.
    package func synchronize(_ folders: UnsyncedFolders) { warn(folders.synchronize()) }

    private func tryPut(_ draft: Draft, _ unsynced: UnsyncedFolders?) -> Placement {
        guard let content = draft.content else { return .done(Outcome(.failed, inputs: draft.inputs)) }
        do {
            switch try put(content, draft, unsynced) {
            case .done(var outcome):
                outcome.inputs = draft.inputs
                report(nil, .application, of: draft.resource)
                return .done(outcome)
            case .awaitsCheck(let trial): return .awaitsCheck(trial)
            }
        } catch {
            return .done(failed(error, draft))
        }
    }

    /// Reports a failure of what was rendered.
    func failed(_ failure: StepFailure, _ draft: Draft) -> Outcome {
        report(failure, .application, of: draft.resource, madeFrom: draft.cause)
        return Outcome(failure.isRejection ? .rejected : .failed, inputs: draft.inputs)
    }

    private func put(
        _ content: [UInt8], _ draft: Draft, _ unsynced: UnsyncedFolders?
    ) throws(StepFailure) -> Placement {
        let resource = draft.resource
        let destination = try resolve(resource)
        let comparison: Comparison
        do {
            try heal(destination, resource.attributes)
            logger.debug("Comparing candidate config to \(resource.destination)", resource)
            comparison = settled(
                try destination.compare(with: content, attributes: resource.attributes), destination, content)
            logDifferences(comparison, destination, content, resource)
        } catch {
            throw StepFailure(error)
        }
        if settings.noop { return .done(try noop(comparison, content, resource, destination)) }
        switch comparison {
        case .same, .attributesDiffer:
            return .done(try keepContent(comparison, content, resource, destination, draft.changes))
        case .absent, .contentDiffers, .unreadable:
            logger.info("Target config \(resource.destination) out of sync", resource)
            try refuseRejected(content, resource)
            if let command = resource.inPlaceCheck, !settings.syncOnly {
                return .awaitsCheck(
                    Trial(draft: draft, content: content, place: destination.place, command: command))
            }
            return .done(try replace(content, resource, destination, draft.changes, unsynced))
        }
    }

    /// Where `resource` writes; refused if another resource writes there.
    private func resolve(_ resource: Resource) throws(StepFailure) -> Destination {
        let destination: Destination
        do {
            destination = try Destination(
                resolving: resource.destination, makesFolders: resource.makeDirectories && !settings.noop)
        } catch {
            throw StepFailure(error)
        }
        guard let owner = memory.withLock({ $0.claims.claim(destination, for: resource.name) }) else {
            return destination
        }
        throw StepFailure(
            "\(resource.name): dest \(resource.destination) is already written by \(owner)",
            hint: "both are the file \(destination.target)")
    }

    /// Forgets which files were written by resources that are not there any more, or write another one now.
    package func keepClaims(of resources: [Resource]) {
        let destinations = Dictionary(resources.map { ($0.name, $0.destination) }) { first, _ in first }
        memory.withLock { $0.claims.keep(destinations) }
    }

    /// The bytes are right: mode and owner are corrected in place, and a reload that failed before is still owed.
    private func keepContent(
        _ comparison: Comparison, _ content: [UInt8], _ resource: Resource, _ destination: Destination,
        _ changes: KeyChanges
    ) throws(StepFailure) -> Outcome {
        do {
            if settings.keepStageFile { try keepStaged(content, resource, destination) }
            var state = Outcome.State.inSync
            if case .attributesDiffer = comparison {
                state = try correctAttributes(resource, destination, content)
            } else {
                logger.debug("Target config \(resource.destination) in sync", resource)
            }
            guard !settings.syncOnly, resource.reloads, try destination.reloadMark() != nil else {
                return Outcome(state)
            }
            logger.info("Reload of \(resource.destination) is still owed", resource)
            let reload = try reload(resource, destination, source: destination.target, changes, isNew: false)
            return Outcome(state, reload: reload)
        } catch let error as StagingError {
            throw StepFailure(error)
        } catch let error as StepFailure {
            throw error
        } catch {
            preconditionFailure("untyped error")
        }
    }

    private func replace(
        _ content: [UInt8], _ resource: Resource, _ destination: Destination, _ changes: KeyChanges,
        _ unsynced: UnsyncedFolders?
    ) throws(StepFailure) -> Outcome {
        let staged = try stage(content, resource, destination)
        let path = staged.path
        let checked = try staged.check { (path) throws(StepFailure) in
            try check(path, content, resource, destination, changes)
        }
        let reload = try reload(resource, destination, source: path, changes, isNew: true)
        notePrevious(previousContent(resource, destination), of: content, resource)
        let options = CheckedFile.Options(
            backup: resource.backup, reloadMark: reload.map { Array($0.resource.name.utf8) }, unsynced: unsynced)
        try replace(resource, destination, content, by: checked, options)
        metrics.countChange(of: resource)
        if reload == nil { logUpdate(resource, changes) }
        return Outcome(.updated, reload: reload)
    }

    func stage(
        _ content: [UInt8], _ resource: Resource, _ destination: Destination
    ) throws(StepFailure) -> StagedFile {
        do {
            let staged = try StagedFile(
                content, for: destination, attributes: resource.attributes, keep: settings.keepStageFile)
            warn(staged.warnings)
            if settings.keepStageFile { logger.info("Keeping staged file: \(staged.path)", resource) }
            return staged
        } catch {
            throw StepFailure(error)
        }
    }

    @discardableResult
    func replace(
        _ resource: Resource, _ destination: Destination, _ content: [UInt8], by file: consuming CheckedFile,
        _ options: CheckedFile.Options
    ) throws(StepFailure) -> Replacement {
        logger.debug("Overwriting target config \(resource.destination)", resource)
        do {
            let replacement = try file.replace(options)
            warn(replacement.warnings)
            noteWritten(content, resource, destination, isAsWanted: replacement.warnings.isEmpty)
            if case .writtenInPlace = replacement.method {
                warn("Rename failed - target is likely a mount. Writing \(resource.destination) in place instead")
            }
            return replacement
        } catch {
            throw StepFailure(error)
        }
    }

    /// Runs `check_cmd` on the staged file; a candidate that fails is remembered.
    private func check(
        _ path: String, _ content: [UInt8], _ resource: Resource, _ destination: Destination, _ changes: KeyChanges
    ) throws(StepFailure) {
        guard let command = resource.checkCommand, !settings.syncOnly else { return }
        let text = try shellText(command, source: path, destination: destination.path)
        let environment = commandEnvironment(resource, source: path, changes)
        let result = run(text, "check_cmd", resource, environment, changes.lines, timeout: resource.checkTimeout)
        do throws(StepFailure) {
            try judge(result, of: text)
        } catch {
            if error.isRejection { reject(content, resource) }
            throw error
        }
    }

    /// Throws if the check `text` has failed.
    func judge(_ result: CommandResult, of text: String) throws(StepFailure) {
        if result.succeeded { return }
        // What says nothing about the content is no rejection: it is tried again.
        throw StepFailure(
            "Config check failed: \(result.message)", isRejection: result.isAnswer,
            command: StepFailure.FailedCommand(field: "check_cmd", text: text))
    }

    /// Remembers content that a check has refused.
    func reject(_ content: [UInt8], _ resource: Resource) {
        hasFailed.store(true, ordering: .relaxed)
        memory.withLock {
            $0.rejected[resource.destination] = RejectedCandidate(content, resource, for: RejectedCandidate.pause)
        }
    }

    private func refuseRejected(_ content: [UInt8], _ resource: Resource) throws(StepFailure) {
        guard hasFailed.load(ordering: .relaxed) else { return }
        let isRejected = memory.withLock { memory in
            guard let rejected = memory.rejected[resource.destination] else { return false }
            if rejected.holds(for: content, resource) { return true }
            memory.rejected[resource.destination] = nil
            return false
        }
        guard isRejected else { return }
        throw StepFailure(
            "the same content was refused before, not tried again yet",
            isRejection: true)
    }

    /// `-keep-stage-file` where nothing is replaced: the candidate is written beside the destination all the same.
    private func keepStaged(
        _ content: [UInt8], _ resource: Resource, _ destination: Destination
    ) throws(StagingError) {
        let staged = try StagedFile(content, for: destination, attributes: resource.attributes, keep: true)
        logger.info("Keeping staged file: \(staged.path)", resource)
    }

    private func noop(
        _ comparison: Comparison, _ content: [UInt8], _ resource: Resource, _ destination: Destination
    ) throws(StepFailure) -> Outcome {
        if settings.keepStageFile {
            do {
                try keepStaged(content, resource, destination)
            } catch {
                throw StepFailure(error)
            }
        }
        logger.warning("Noop mode enabled. \(resource.destination) will not be modified", resource)
        show(comparison, content, resource, destination)
        return Outcome(comparison == .same ? .inSync : .wouldChange)
    }

    /// `-diff`: prints what would change.
    private func show(
        _ comparison: Comparison, _ content: [UInt8], _ resource: Resource, _ destination: Destination
    ) {
        guard let differences, comparison != .same else { return }
        do {
            differences.print(
                FileDifference(
                    path: resource.destination, old: try destination.read(limit: 64 << 20), new: content,
                    attributes: comparison.attributeDifferences))
        } catch {
            // It would be replaced all the same.
            warn(error.message)
        }
    }
}
