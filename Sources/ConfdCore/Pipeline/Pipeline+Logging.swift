import Configuration
import KeyValue
import Posix
import Staging

extension Pipeline {
    /// What can be wrong with a resource at one time.
    enum Topic: Hashable {
        /// Its template does not parse, and an earlier one is used.
        case template
        /// It cannot be applied.
        case application
    }

    /// Logs a failure of a resource: as an error if it fails differently than before, or if what it is made from has
    /// changed since it failed last. With nil nothing is wrong any more.
    func report(_ failure: StepFailure?, _ topic: Topic, of resource: Resource, madeFrom cause: Cause? = nil) {
        if failure != nil { hasFailed.store(true, ordering: .relaxed) }
        guard hasFailed.load(ordering: .relaxed) else { return }
        let key = Memory.Report(resource: resource.name, topic: topic)
        let (isNew, change) = memory.withLock { memory in
            let last = memory.reported[key]
            let hasChanged = cause.map { !$0.isSame(as: last?.cause) } ?? false
            let change = hasChanged ? nextChange() : last?.change ?? 0
            memory.reported[key] = failure.map {
                Memory.Reported(message: $0.message, cause: cause ?? last?.cause, change: change)
            }
            return (hasChanged || last?.message != failure?.message, change)
        }
        guard let failure else { return }
        log(failure, of: resource, isNew: isNew, change: change)
    }

    /// What a rendering was made from.
    struct Cause {
        let snapshot: Snapshot?
        let sources: [String: FileStatus?]

        /// The templates, and the keys of a resource: `snapshot` is a view of them.
        init(_ snapshot: Snapshot?, _ inputs: Inputs) {
            self.snapshot = snapshot
            sources = inputs.sources
        }

        func isSame(as other: Cause?) -> Bool {
            guard let other, sources == other.sources else { return false }
            guard let snapshot, let old = other.snapshot else { return true }
            return snapshot.hasSameContents(as: old)
        }
    }

    /// Logs a failure with its resource, and with `dest` if the message does not name it already.
    ///
    /// One that is not new is for those who look closely. `change` numbers what has failed: a failure of another
    /// change is not held back as a repetition.
    func log(_ failure: StepFailure, of resource: Resource, isNew: Bool = true, change: Int = 0) {
        var details = failure.namesDestination ? [] : ["dest \(resource.destination)"]
        if let command = failure.command { details.append("\(command.field) \(Self.shown(command.text))") }
        let suffix = details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
        let message = "\(resource.name): \(failure.message)\(suffix)"
        let place = failure.place
        let subject = resource.logFields.with("command", failure.command?.field)
            .with("command_line", failure.command?.text).with("key", failure.key)
            .at(place?.file, line: place?.line, column: place?.column)
            .explained(excerpt: failure.excerpt, hint: failure.hint)
        if isNew { logger.error(message, subject, change: change) } else { logger.debug(message, subject) }
    }

    /// The beginning of a command, by which it is known: the message is about what it wrote and how it ended, and
    /// scripts are long. JSON has all of it.
    private static func shown(_ command: String) -> String {
        let limit = 24
        let start = command.unicodeScalars.prefix(limit + 1)
        return start.count > limit ? "\"\(String(String.UnicodeScalarView(start.dropLast())))…\"" : "\"\(command)\""
    }

    /// confd 0.17's line about a file that was replaced, with the keys that changed.
    func logUpdate(_ resource: Resource, _ changes: KeyChanges) {
        let revision = Int(changes.snapshot.revision)
        logger.info(
            "Target config \(resource.destination) has been updated\(changes.summary)",
            revision > 0 ? resource.logFields.with("revision", number: revision) : resource.logFields)
    }

    /// What was reported last of `resource`, nil if that was a success.
    func lastFailure(of resource: Resource) -> String? {
        let key = Memory.Report(resource: resource.name, topic: .application)
        return memory.withLock { $0.reported[key]?.message }
    }

    /// Parses the template of `resource`; false if it cannot be used whatever the keys are, which is logged.
    func reportTemplate(of resource: Resource) -> Bool {
        guard let problem = renderer.problem(of: resource) else { return true }
        report(problem, .application, of: resource)
        return false
    }

    func logDifferences(
        _ comparison: Comparison, _ destination: Destination, _ content: [UInt8], _ resource: Resource
    ) {
        // Those that are corrected without a write are logged when that was possible.
        if case .attributesDiffer = comparison, !settings.noop { return }
        for difference in comparison.attributeDifferences {
            logger.info(difference.message(dest: destination.path), resource)
        }
        switch comparison {
        case .contentDiffers: logger.info(destination.checksumMessage(content: content), resource)
        case .unreadable(let error, _): warn([.unreadable(dest: destination.path, error)])
        case .absent, .same, .attributesDiffer: break
        }
    }

    /// Mends what a crash left half-written, whatever becomes of the resource then: its keys or its template may be
    /// out of reach for long.
    package func heal(_ resource: Resource) {
        // What is wrong with the destination is reported when it is to be written.
        guard let destination = try? Destination(resolving: resource.destination) else { return }
        do throws(StagingError) {
            try heal(destination, resource.attributes)
            sweep(beside: destination)
        } catch {
            report(StepFailure(error), .application, of: resource)
        }
    }

    private func sweep(beside destination: Destination) {
        guard !settings.noop, let folder = destination.folder else { return }
        let isFirst = memory.withLock { $0.swept.insert(folder.path).inserted }
        // What stays does no harm.
        if isFirst { try? Leftovers.sweep(folder, isOurs: Leftovers.isCandidate) }
    }

    /// A failure is tried again before the next write.
    func heal(_ destination: Destination, _ attributes: FileAttributes) throws(StagingError) {
        let isFirst = memory.withLock { $0.healed.insert(destination.path).inserted }
        if isFirst { warn(destination.strangers()) }
        guard isFirst, !settings.noop else { return }
        do throws(StagingError) {
            if try destination.heal() == .restored {
                logger.warning(
                    "\(destination.path) was left half-written by a crash and has its previous content back")
            }
            if try destination.undoTrial(attributes) {
                logger.warning(
                    "\(destination.path) was in place for its check when confd ended: what was there before is back")
            }
        } catch {
            healAgain(destination)
            throw error
        }
    }

    /// What stands beside `destination` is looked at once more before the next write.
    func healAgain(_ destination: Destination) {
        memory.withLock { _ = $0.healed.remove(destination.path) }
    }

    func warn(_ warnings: [StagingWarning]) {
        for warning in warnings { warn(warning.message) }
    }

    /// Logs a warning the first time it is given.
    func warn(_ text: String) {
        let isNew = memory.withLock { $0.warned.insert(text).inserted }
        if isNew { logger.warning(text) }
    }
}
