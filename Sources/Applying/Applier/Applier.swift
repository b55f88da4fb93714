import Configuration
import KeyValue
import Posix
import Staging
import Synchronization
import TextTemplate

/// The steps for one resource and one snapshot: render, compare, stage, check, replace; and the reloads that are owed.
///
/// It decides nothing about time and remembers no resource: what it has to know comes in as a `History`, and what it
/// learned comes back with the outcome. Shared by all resources are the claims of destinations, and what is looked at
/// or logged once.
package struct Applier: Sendable {
    /// Runs a command and hands out the lines that it writes.
    package typealias CommandRunner = @Sendable (Command, _ line: (ArraySlice<UInt8>) -> Void) -> CommandResult

    let settings: Settings
    let logger: Logger
    package let renderer: ResourceRenderer
    let cancellation: Cancellation
    let child: SupervisedChild
    /// Where differences are printed, nil if nobody asked for them.
    package let differences: DiffPrinter?
    package let metrics: Metrics
    let warnings: WarningLog
    let recovery: Recovery
    package let claims = DestinationClaims()
    let folders = SharedFolders()
    let streams = StreamTurn()
    let changeNumbers = ChangeNumbers()
    let runCommand: CommandRunner
    let requests: RequestSender
    /// Keeps the keys that the service of a resource may have across restarts.
    package var keepKeys: @Sendable (Resource, Set<[UInt8]>) -> Void = { _, _ in }

    /// `cancellation` ends the commands and requests that run; `child` gets the signals that take the place of commands.
    /// Commands are run as processes unless `runCommand` says otherwise.
    package init(
        settings: Settings, logger: Logger, renderer: ResourceRenderer, cancellation: Cancellation,
        child: SupervisedChild = SupervisedChild(), runCommand: CommandRunner? = nil
    ) {
        self.settings = settings
        self.logger = logger
        self.renderer = renderer
        self.cancellation = cancellation
        self.child = child
        metrics = Metrics(areRead: settings.metricsAddress != nil)
        differences = settings.diff ? DiffPrinter(settings) : nil
        warnings = WarningLog(logger)
        requests = RequestSender(cancellation)
        recovery = Recovery(isNoop: settings.noop, warnings: warnings)
        self.runCommand =
            runCommand ?? { command, line in command.run(cancellation: cancellation, line: line) }
    }

    /// Does for `resource` what needs no keys: restores what a crash left and parses the template.
    package func prepare(_ resource: Resource, _ history: inout History) {
        restore(resource, &history)
        renderer.prepare(resource)
    }

    /// Restores what a crash left half-written, whatever becomes of the resource then: its keys or its template may be
    /// out of reach for long.
    package func restore(_ resource: Resource, _ history: inout History) {
        do throws(StagingError) {
            try recovery.restore(resource.destination, resource.attributes, &history)
        } catch {
            report(.staging(error), .application, of: resource, &history)
        }
    }

    /// Renders the template; a failure is logged. Touches no file and runs no command.
    ///
    /// `whenSlow` is called once or several times if it takes long.
    package func render(
        _ request: RenderRequest, whenSlow: @escaping @Sendable () -> Void = {}
    ) -> RenderedFile {
        let began = Clock.monotonic()
        var request = request
        let resource = request.resource
        var history = request.history
        logger.debug("Using source template \(resource.source)", resource)
        let view = request.snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix)
        logger.debug("Got \(view.count) keys from the store for \(resource.name)", resource)
        logger.debug("Compiling source template \(resource.source)", resource)
        let isUnwanted: @Sendable () -> Bool = { [cancellation] in
            whenSlow()
            return cancellation.isCancelled
        }
        let item = request.item(over: view)
        let result = renderer.render(
            resource, view, request.health, item: item, store: request.store, isUnwanted: isUnwanted
        ) {
            failure, inputs in
            // Other keys make no difference to a template that does not parse.
            report(failure, .template, of: resource, madeFrom: Cause(nil, inputs), &history)
        }
        var content: [UInt8]?
        switch result.content.flatMap({ content in
            Result { () throws(StepFailure) in
                try request.setAttributes(of: item, in: renderer.environment)
                return content
            }
        }) {
        case .success(let bytes):
            content = bytes
            let isForAuthors = settings.subcommand == .render || settings.noop
            for warning in result.warnings where isForAuthors || !warning.isForAuthors {
                warnings.give(warning.text, hint: warning.hint)
            }
            warnOfClimbingKey(request)
            warnOfNoKeys(request, view, result.inputs.reads)
        case .failure(let failure):
            report(failure, .application, of: resource, madeFrom: Cause(view, result.inputs), &history)
        }
        var changes = changes(of: request)
        // Of one pass nothing is known that could have changed.
        if let content, !settings.onetime {
            changes.otherCauses = OtherCauses(of: content, result.inputs, since: request.history)
        }
        var file = RenderedFile(
            request: request, content: content, inputs: result.inputs, changes: changes, keyCount: view.count,
            began: began, secrets: result.secrets, history: history)
        file.changeID = request.rollout?.changeID(of: result.inputs)
        return file
    }

    func changes(of request: RenderRequest) -> KeyChanges {
        var changes = KeyChanges(
            base: request.base, snapshot: request.snapshot, ranges: request.resource.ranges,
            ofItem: request.resource.itemRange)
        changes.fileKeys = request.fileKeys
        return changes
    }

    /// Compares, stages, checks and replaces; a file that has to be checked in its place is left for `checkInPlace`.
    /// Every failure is logged. With `unsynced` the caller has to sync the directories noted there before any reload.
    package func apply(_ file: RenderedFile, _ unsynced: UnsyncedFolders? = nil) -> Placement {
        let placement = tryApply(file, unsynced)
        if case .done(let outcome) = placement { count(outcome, of: file.resource) }
        return placement
    }

    func count(_ outcome: Outcome, of resource: Resource) {
        metrics.countPass(of: resource, succeeded: !outcome.isFailure)
    }

    /// Syncs `folders`; what cannot be synced is a warning.
    package func synchronize(_ folders: UnsyncedFolders) { warnings.give(folders.synchronize()) }

    private func tryApply(_ file: RenderedFile, _ unsynced: UnsyncedFolders?) -> Placement {
        var file = file
        guard let content = file.content else { return .done(file.completed(Outcome(.failed))) }
        do throws(StepFailure) {
            let placement = try apply(content, &file, unsynced)
            guard case .done(let outcome) = placement else { return placement }
            return .done(succeeded(outcome, &file))
        } catch {
            return .done(failed(error, &file))
        }
    }

    /// Notes that nothing is wrong any more.
    func succeeded(_ outcome: Outcome, _ file: inout RenderedFile) -> Outcome {
        report(nil, .application, of: file.resource, &file.history)
        if let content = file.content, !settings.onetime, outcome.state == .updated || outcome.state == .inSync {
            file.history.made = Making(content, file.inputs)
            file.history.isRedefined = false
        }
        var outcome = file.completed(outcome)
        if outcome.state == .updated, !settings.onetime { outcome.change = file.changes.applied }
        return outcome
    }

    /// Reports why a rendered file could not be applied.
    func failed(_ failure: StepFailure, _ file: inout RenderedFile) -> Outcome {
        let changes = settings.onetime ? nil : file.changes
        report(failure, .application, of: file.resource, madeFrom: file.cause, after: changes, &file.history)
        return file.completed(Outcome(failure.state))
    }

    private func apply(
        _ content: [UInt8], _ file: inout RenderedFile, _ unsynced: UnsyncedFolders?
    ) throws(StepFailure) -> Placement {
        let resource = file.resource
        try refuseInputs(resource)
        let destination = try resolve(resource)
        if let stream = destination.stream {
            if let feature = resource.featureOfFiles {
                throw .noFile(destination: resource.destination, needed: feature)
            }
            return .done(try write(content, to: stream, destination, &file))
        }
        let comparison: Comparison
        do throws(StagingError) {
            try recovery.restore(destination, resource.attributes, &file.history)
            logger.debug("Comparing candidate config to \(resource.destination)", resource)
            comparison = file.history.withoutKnown(
                try destination.compare(with: content, attributes: resource.attributes), destination, content)
        } catch {
            throw .staging(error)
        }
        if !comparison.isSameContent { try refuseOtherFormat(content, resource) }
        file.servers = try servers(content, resource)
        if try holds(content, comparison, destination, &file) { return .done(Outcome(.held)) }
        if waits(comparison, file) { return .done(Outcome(.waits)) }
        logDifferences(comparison, destination, content, file)
        if settings.noop {
            noteNoop(file)
            return .done(try noop(comparison, content, file, destination))
        }
        switch comparison {
        case .same, .attributesDiffer:
            noteOwned(content, file)
            return .done(try keepContent(comparison, content, &file, destination))
        case .absent, .contentDiffers, .unreadable:
            logAttempt("Target config \(resource.destination) out of sync", at: file)
            file.history.reports[.difference] = .difference(of: file.cause)
            try refuseAgain(content, &file)
            if let command = resource.inPlaceCheck, !settings.syncOnly {
                let candidate = try candidate(content, &file, destination)
                try noteWriting(candidate, file)
                return .awaitsCheck(
                    Trial(
                        file: file, content: content, candidate: candidate, place: destination.place, command: command))
            }
            try noteWriting(content, file)
            return .done(try replace(content, &file, destination, unsynced))
        }
    }

    /// `output_format`: what does not parse as that is not installed. Nothing but other content can change it.
    func refuseOtherFormat(_ content: [UInt8], _ resource: Resource) throws(StepFailure) {
        do throws(OutputFormatError) {
            try resource.outputFormat?.check(content)
        } catch {
            throw .format(error, destination: resource.destination)
        }
    }

    /// Where `resource` writes; refused if another resource writes there.
    private func resolve(_ resource: Resource) throws(StepFailure) -> Destination {
        let destination: Destination
        do {
            destination = try Destination(
                resolving: resource.destination, makesFolders: resource.makeDirectories && !settings.noop,
                sharing: folders)
        } catch {
            throw .staging(error)
        }
        // Streams may have several writers.
        if destination.stream != nil { return destination }
        guard let owner = claims.claim(destination, for: resource.name) else { return destination }
        throw .destinationTaken(
            StepFailure.ClaimedDestination(
                resource: resource.name, path: resource.destination, target: destination.target),
            owner: owner)
    }

    /// The bytes are right: mode and owner are corrected in place, and a reload that failed before is still owed.
    private func keepContent(
        _ comparison: Comparison, _ content: [UInt8], _ file: inout RenderedFile, _ destination: Destination
    ) throws(StepFailure) -> Outcome {
        let resource = file.resource
        var state = Outcome.State.inSync
        var isOwed = false
        do throws(StagingError) {
            if settings.keepStageFile { try keepStaged(content, resource, destination) }
            if case .attributesDiffer = comparison {
                state = try correctAttributes(resource, destination, content, &file.history)
            } else {
                logger.debug("Target config \(resource.destination) in sync", resource)
            }
            if !settings.syncOnly, resource.reloads, file.request.rollout?.isReloaded != true {
                isOwed = try destination.reloadMark() != nil
            }
        } catch {
            throw .staging(error)
        }
        if isOwed { logger.info("Reload of \(resource.destination) is still owed", resource) }
        try warnOfLostReload(of: resource, destination)
        guard isOwed || resource.apply != nil else { return Outcome(state) }
        let reload = try owedReload(file, destination, source: destination.target, isNew: false, isMarked: isOwed)
        return Outcome(state, reload: reload)
    }

    private func replace(
        _ content: [UInt8], _ file: inout RenderedFile, _ destination: Destination, _ unsynced: UnsyncedFolders?
    ) throws(StepFailure) -> Outcome {
        let resource = file.resource
        let staged = try stage(content, resource, destination)
        let path = staged.path
        let checked = try staged.check { (path) throws(StepFailure) in
            try check(path, content, &file, destination)
        }
        let reload = try owedReload(file, destination, source: path, isNew: true)
        notePrevious(previousContent(file, destination), of: content, &file.history)
        file.history.beforeTurn = contentBeforeTurn(file, destination)
        let options = CheckedFile.Options(
            backup: resource.backup, keepsReplaced: keepsReplaced(reload, resource),
            reloadMark: mark(of: reload, resource), unsynced: unsynced)
        try replace(&file, destination, content, by: checked, options)
        metrics.countChange(of: resource)
        if reload == nil { logUpdate(resource, file.changes) }
        return Outcome(.updated, reload: reload)
    }

    /// Whether the file that is replaced may be needed again.
    func keepsReplaced(_ reload: Reload?, _ resource: Resource) -> Bool {
        reload?.isCommand ?? false || resource.rollout != nil
    }

    /// What marks the new file until its service has it, and until its rollout has accepted it; nil for nothing.
    func mark(of reload: Reload?, _ resource: Resource) -> [UInt8]? {
        reload != nil || resource.rollout != nil ? Array(resource.name.utf8) : nil
    }

    func stage(
        _ content: [UInt8], _ resource: Resource, _ destination: Destination
    ) throws(StepFailure) -> StagedFile {
        do {
            let staged = try StagedFile(
                content, for: destination, attributes: resource.attributes, keep: settings.keepStageFile)
            warnings.give(staged.warnings)
            if settings.keepStageFile { logger.info("Keeping staged file: \(staged.path)", resource) }
            return staged
        } catch {
            throw .staging(error)
        }
    }

    @discardableResult
    func replace(
        _ file: inout RenderedFile, _ destination: Destination, _ content: [UInt8], by checked: consuming CheckedFile,
        _ options: CheckedFile.Options
    ) throws(StepFailure) -> Replacement {
        let resource = file.resource
        logger.debug("Overwriting target config \(resource.destination)", resource)
        try waitForNote(of: file)
        do {
            let replacement = try checked.replace(options)
            warnings.give(replacement.warnings)
            file.history.noteWritten(
                content, resource, destination, isAsWanted: replacement.warnings.isEmpty)
            // What a check in place may still refuse is noted once it has been accepted.
            if !options.isTrial { noteWritten(content, file, destination) }
            if case .writtenInPlace = replacement.method {
                warnings.give(
                    "Rename failed - target is likely a mount. Writing \(resource.destination) in place instead")
            }
            return replacement
        } catch {
            throw .staging(error)
        }
    }

    /// Runs `check_cmd`, or `check_each`, on the staged file; content that it refuses is remembered.
    func check(
        _ path: String, _ content: [UInt8], _ file: inout RenderedFile, _ destination: Destination
    ) throws(StepFailure) {
        let resource = file.resource
        guard let template = resource.stagedCheck, !settings.syncOnly else { return }
        let field = resource.stagedCheckField
        let command = try filled { () throws(TemplateError) in
            try template.invocation(source: path, destination: destination.path, item: resource.item)
        }
        let environment = commandEnvironment(resource, source: path, file.changes)
        let result = run(command, field, resource, environment, file.changes.lines, timeout: resource.checkTimeout)
        do throws(StepFailure) {
            try judge(result, of: command, field: field)
        } catch {
            noteRefusal(error, content, &file.history)
            noteNotWritten(content, file)
            throw error
        }
    }

    /// Throws if the check `command` of `field` has failed.
    func judge(
        _ result: CommandResult, of command: CommandInvocation, field: String = "check_cmd",
        leaves: StepFailure.AfterCheck = .untouched
    ) throws(StepFailure) {
        if result.succeeded { return }
        throw .check(
            result.end, executable: result.executable,
            StepFailure.FailedCommand(field: field, text: command.text, isSilent: result.isSilent), leaves: leaves)
    }

    /// Remembers content that a check has refused.
    func noteRefusal(_ failure: StepFailure, _ content: [UInt8], _ history: inout History) {
        guard failure.state == .rejected else { return }
        history.refusal = History.Refusal(content: content, origin: .check)
    }

    /// Throws if the same content was refused before and is not to be tried again yet.
    func refuseAgain(_ content: [UInt8], _ file: inout RenderedFile) throws(StepFailure) {
        guard let refusal = file.history.refusal else { return }
        let isTriedAgain = refusal.origin == .check && file.request.mayCheckAgain
        guard refusal.content == content, !isTriedAgain else {
            file.history.refusal = nil
            return
        }
        throw .refusedBefore
    }

    /// `-keep-stage-file` where nothing is replaced: the candidate is written beside the destination all the same.
    private func keepStaged(
        _ content: [UInt8], _ resource: Resource, _ destination: Destination
    ) throws(StagingError) {
        let staged = try StagedFile(content, for: destination, attributes: resource.attributes, keep: true)
        logger.info("Keeping staged file: \(staged.path)", resource)
    }

    private func noop(
        _ comparison: Comparison, _ content: [UInt8], _ file: RenderedFile, _ destination: Destination
    ) throws(StepFailure) -> Outcome {
        let resource = file.resource
        do throws(StagingError) {
            if comparison == .absent, destination.stream == nil, !resource.makeDirectories {
                try destination.refuseMissingFolder()
            }
            if settings.keepStageFile { try keepStaged(content, resource, destination) }
        } catch {
            throw .staging(error)
        }
        // The user of -check has not asked for -noop by that name.
        if !settings.check {
            logger.warning("Noop mode enabled. \(resource.destination) will not be modified", resource)
        }
        show(comparison, content, file, destination)
        guard comparison == .same else { return Outcome(.wouldChange) }
        var outcome = Outcome(.inSync)
        outcome.owesReload = try owesReload(resource, destination)
        return outcome
    }

    /// `-diff`: prints what would change.
    private func show(
        _ comparison: Comparison, _ content: [UInt8], _ file: RenderedFile, _ destination: Destination
    ) {
        guard let differences, comparison != .same else { return }
        do {
            differences.print(
                FileDifference(
                    path: file.resource.destination, old: try destination.read(limit: 64 << 20), new: content,
                    attributes: comparison.attributeDifferences, secrets: file.secrets))
        } catch {
            // A file that cannot be read is replaced all the same.
            warnings.give(error.message)
        }
    }
}

/// Numbers the changes that may fail, so that the log knows a new failure from a repeated one (`Logger.error`).
final class ChangeNumbers: Sendable {
    private let last = Atomic(0)

    /// A number that was never given before, from 1.
    func next() -> Int { last.add(1, ordering: .relaxed).newValue }
}
