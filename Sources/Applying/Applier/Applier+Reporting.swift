import Configuration
import KeyValue
import Posix
import Staging

extension Applier {
    /// Logs a failure of a resource: as an error if it fails differently than before, or if what it is made from has
    /// changed since it failed last. With nil nothing is wrong any more. `changes` are the keys that
    /// changed since the last success.
    func report(
        _ failure: StepFailure?, _ topic: History.Topic, of resource: Resource, madeFrom cause: Cause? = nil,
        after changes: KeyChanges? = nil, _ history: inout History
    ) {
        guard let failure else {
            if history.reports.isEmpty { return }
            history.reports[topic] = nil
            if topic == .application { history.reports[.difference] = nil }
            return
        }
        let last = history.reports[topic]
        // The status keeps the reason of the refusal.
        if case .refusedBefore = failure, let last, last.isRefusal, !last.isAskedFor {
            return log(failure, of: resource, isNew: false)
        }
        let hasChanged = last?.isAskedFor == true || cause.map { !$0.isSame(as: last?.cause) } ?? false
        let change = hasChanged ? changeNumbers.next() : last?.change ?? 0
        history.reports[topic] = History.Report(
            message: failure.message, place: failure.place, hint: failure.hint, cause: cause ?? last?.cause,
            change: change, isRefusal: failure.state == .rejected,
            isExplainedInLog: failure.isExplainedInLog)
        log(
            failure, of: resource, isNew: hasChanged || last?.message != failure.message, change: change, after: changes
        )
    }

    /// Logs a failure with its resource, and with `dest` if the message does not name it already.
    ///
    /// One that is not new is a debug line. `change` numbers what has failed: a failure of another change is not held
    /// back as a repetition.
    func log(
        _ failure: StepFailure, of resource: Resource, isNew: Bool = true, change: Int = 0,
        after changes: KeyChanges? = nil
    ) {
        var details = failure.namesDestination ? [] : ["dest \(resource.destination)"]
        if let command = failure.command { details.append("\(command.field) \(Self.shown(command.text))") }
        // A check names a line of the refused file at most; the keys tell where it comes from.
        if isNew, case .check = failure, let changes = changes?.applied, changes.isKnown, changes.count > 0 {
            details.append("changed: \(changes.detail)")
        }
        let suffix = details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
        let message = "\(resource.name): \(failure.message)\(suffix)"
        let place = failure.place
        let subject = resource.logFields.with("command", failure.command?.field)
            .with("command_line", failure.command?.text).with("key", failure.diagnosis?.key)
            .at(place?.file, line: place?.line, column: place?.column)
            .explained(excerpt: failure.diagnosis?.excerpt, hint: failure.hint ?? hintForOnePass(failure))
        if isNew { logger.error(message, subject, change: change) } else { logger.debug(message, subject) }
    }

    /// In a container's entrypoint the service often starts after confd.
    private func hintForOnePass(_ failure: StepFailure) -> String? {
        guard settings.onetime, case .reload = failure else { return nil }
        return "does the service start later? -sync-only runs no command; -- COMMAND starts it once the files are there"
    }

    /// The beginning of a command, by which it is known: the message is about what it wrote and how it ended, and
    /// scripts are long. JSON has all of it.
    private static func shown(_ command: String) -> String {
        let limit = 64
        let start = command.unicodeScalars.prefix(limit + 1)
        return start.count > limit ? "\"\(String(String.UnicodeScalarView(start.dropLast())))…\"" : "\"\(command)\""
    }

    /// confd 0.17's line about a file that was replaced, with the keys that changed.
    func logUpdate(_ resource: Resource, _ changes: KeyChanges) {
        if changes.areUndone { return logger.info("The previous \(resource.destination) is back", resource) }
        let revision = Int(changes.snapshot.revision)
        logger.info(
            "Target config \(resource.destination) has been updated\(changes.summary)",
            revision > 0 ? resource.logFields.with("revision", number: revision) : resource.logFields)
        let left = settings.syncOnly ? resource.commandFields : []
        if !left.isEmpty {
            logger.info("\(resource.name): -sync-only: not run: \(left.joined(separator: ", "))", resource)
        }
    }

    /// Parses the template of `resource`; false if it cannot be used whatever the keys are, which is logged.
    package func canUseTemplate(of resource: Resource, _ history: inout History) -> Bool {
        guard let problem = renderer.problem(of: resource) else { return true }
        report(problem, .application, of: resource, &history)
        return false
    }

    func logDifferences(
        _ comparison: Comparison, _ destination: Destination, _ content: [UInt8], _ file: RenderedFile
    ) {
        // Attributes that are corrected without a write are logged once that has succeeded.
        if case .attributesDiffer = comparison, !settings.noop { return }
        for difference in comparison.attributeDifferences {
            logAttempt(difference.message(dest: destination.path), at: file)
        }
        switch comparison {
        case .contentDiffers:
            // From a checksum a short secret can be guessed, if the rest of the file is known.
            let hasSecrets = !file.secrets.isEmpty
            logAttempt(
                hasSecrets ? "\(destination.path) has other content" : destination.checksumMessage(content: content),
                at: file)
        case .unreadable(let error, _): warnings.give([.unreadable(dest: destination.path, error)])
        case .absent, .same, .attributesDiffer: break
        }
    }
}

extension Applier {
    /// Logs what is about to be mended: a debug line where that was tried already, and nothing has changed since.
    func logAttempt(_ message: @autoclosure () -> String, at file: RenderedFile) {
        if let told = file.history.reports[.difference], !told.isAskedFor, file.cause.isSame(as: told.cause) {
            logger.debug(message(), file.resource)
        } else {
            logger.info(message(), file.resource)
        }
    }
}

extension Resource {
    /// The fields of what is run for its file, before and after it is replaced.
    fileprivate var commandFields: [String] {
        [
            items?.checkEach == nil ? nil : "check_each", checkCommand == nil ? nil : "check_cmd",
            reloads ? reloadField : nil,
        ].compactMap { $0 }
    }
}
