import Configuration
import KeyValue
import Posix
import Staging

extension Applier {
    /// Runs each distinct reload of `due` once, in order, after all files of a pass are in place. The outcomes come in
    /// the same order; every failure is logged.
    package func reload(_ due: [DueReload]) -> [ReloadOutcome] {
        var outcomes = due.map { ReloadOutcome(state: .done, history: $0.history) }
        let groups = Dictionary(grouping: due.indices) { due[$0].reload.action }
        for group in groups.values.sorted(by: { $0[0] < $1[0] }) {
            let first = due[group[0]].reload
            let problem = perform(first, changes: KeyChanges.lines(of: group.map { due[$0].reload.changes }))
            if let problem {
                log(
                    StepFailure(
                        "\(first.resource.reloadField) failed: \(problem); it stays owed",
                        command: first.failedCommand),
                    of: first.resource, change: first.change)
            }
            for index in group {
                let reload = due[index].reload
                if problem != nil {
                    outcomes[index].state = rollBack(reload, &outcomes[index].history) ? .rolledBack : .owed
                } else {
                    outcomes[index].history.previous = nil
                    reloadDone(reload)
                }
            }
        }
        return outcomes
    }

    /// Notes on disk that the service has the file that is there.
    package func reloadDone(_ reload: Reload, hasNewFile: Bool = true) {
        do {
            // Looked up anew: one that is held for as long as a reload is owed would cost a descriptor each.
            try Destination(resolving: reload.resource.destination).clearReloadMark()
        } catch {
            log(StepFailure(error), of: reload.resource)
        }
        if reload.isNew, hasNewFile { logUpdate(reload.resource, reload.changes) }
    }

    /// Runs the command or sends the signal; what went wrong, if anything did.
    private func perform(_ reload: Reload, changes: [UInt8]) -> String? {
        switch reload.action {
        case .command(let text):
            let result = run(
                text, "reload_cmd", reload.resource, reload.environment, changes, timeout: reload.resource.reloadTimeout
            )
            return result.succeeded ? nil : result.message
        case .signal(let signal):
            logger.debug("Sending \(signal.name)", reload.resource)
            let problem = child.send(signal)
            metrics.countCommand("reload", reload.resource, succeeded: problem == nil)
            return problem
        }
    }

    /// The reload that `resource` owes once its file is replaced, nil if it has none.
    func reload(
        _ resource: Resource, _ destination: Destination, source: String, _ changes: KeyChanges, isNew: Bool
    ) throws(StepFailure) -> Reload? {
        guard resource.reloads, !settings.syncOnly else { return nil }
        let action: Reload.Action
        if let signal = resource.reloadSignal {
            action = .signal(signal)
        } else if let command = resource.reloadCommand {
            action = .command(try shellText(command, source: source, destination: destination.path))
        } else {
            return nil
        }
        return Reload(
            resource: resource, action: action, environment: commandEnvironment(resource, source: source, changes),
            changes: changes, change: isNew ? changeNumbers.next() : 0)
    }

    func shellText(
        _ command: CommandTemplate, source: String, destination: String
    ) throws(StepFailure) -> String {
        do {
            return String(decoding: try command.shellText(source: source, destination: destination), as: UTF8.self)
        } catch {
            throw StepFailure(error.message.text)
        }
    }

    func commandEnvironment(_ resource: Resource, source: String, _ changes: KeyChanges) -> [String: String] {
        [
            "CONFD_SRC": source, "CONFD_DEST": resource.destination, "CONFD_RESOURCE": resource.name,
            "CONFD_REVISION": String(changes.snapshot.revision),
        ]
    }

    /// Runs a command of `resource`. Its output is logged when it has ended, as errors if it failed: a log of
    /// errors only has to hold the reason too. With `isTrial` another run follows, whose output is the one that counts.
    func run(
        _ text: String, _ field: String, _ resource: Resource, _ environment: [String: String], _ changes: [UInt8],
        timeout: Duration, isTrial: Bool = false
    ) -> CommandResult {
        let subject = resource.logFields.with("command", field)
        logger.debug("Running \(text)", subject)
        var environment = environment
        let file = changesFile(changes, resource)
        if let path = file?.path { environment["CONFD_CHANGES"] = path }
        let command = Command(text, environment: environment, timeout: timeout)
        var lines: [String] = []
        let result = withExtendedLifetime(file) {
            runCommand(command) { lines.append(String(decoding: $0, as: UTF8.self)) }
        }
        for line in lines {
            let message = "\(resource.name): \(field): \(line)"
            if result.succeeded || isTrial { logger.info(message, subject) } else { logger.error(message, subject) }
        }
        metrics.countCommand(field == "check_cmd" ? "check" : "reload", resource, succeeded: result.succeeded)
        if result.droppedBytes > 0 {
            logger.warning(
                "\(resource.name): \(field): \(result.droppedBytes) more bytes of output are not shown", subject)
        }
        return result
    }

    /// In `TMPDIR`, or else beside `dest`, where marks are. The warnings are the same each time, so each is given once.
    private func changesFile(_ lines: [UInt8], _ resource: Resource) -> ChangesFile? {
        do throws(SystemError) {
            return try ChangesFile(lines)
        } catch {
            warnings.give(
                "cannot write to \(ChangesFile.temporary): \(error.reason); CONFD_CHANGES is beside dest instead")
        }
        do {
            let destination = try Destination(resolving: resource.destination)
            if destination.stream == nil { return try ChangesFile(lines, beside: destination) }
        } catch {
            // The warning says enough.
        }
        warnings.give("cannot write beside \(resource.destination): its commands get no CONFD_CHANGES")
        return nil
    }
}

// MARK: - Rollback

extension Applier {
    /// A reload that is tried again is given up after this many failures.
    private static let failuresBeforeRollback = 3

    /// What is to be put back if the service does not take the next content; nil if nothing is.
    func previousContent(_ file: RenderedFile, _ destination: Destination) -> [UInt8]? {
        guard file.resource.rollback, file.resource.reloads else { return nil }
        if let known = file.history.previous { return known.content }
        do throws(StagingError) {
            return try destination.read()
        } catch {
            // A file that somebody made unreadable or huge must not keep the new one from being written.
            warnings.give("\(error.message), so it cannot be put back if its reload fails")
            return nil
        }
    }

    /// Remembers what is to be put back if the service does not take `content`.
    func notePrevious(_ previous: [UInt8]?, of content: [UInt8], _ history: inout History) {
        guard let previous else { return }
        history.previous = History.PreviousContent(content: previous, replacement: content)
    }

    /// Puts the previous file back after the last failure, and reloads once more; false if the reload is to be tried
    /// again.
    private func rollBack(_ reload: Reload, _ history: inout History) -> Bool {
        guard var previous = history.previous else { return false }
        previous.failures += 1
        guard previous.failures >= (settings.onetime ? 1 : Self.failuresBeforeRollback) else {
            history.previous = previous
            return false
        }
        history.previous = nil
        history.refusal = History.Refusal(content: previous.replacement, origin: .service)
        let resource = reload.resource
        logger.warning("\(resource.name): putting the previous \(resource.destination) back", resource)
        do {
            let staged = try StagedFile(
                previous.content, for: Destination(resolving: resource.destination), attributes: resource.attributes)
            let options = CheckedFile.Options(backup: false, reloadMark: Array(resource.name.utf8))
            warnings.give(try staged.withoutCheck().replace(options).warnings)
        } catch {
            log(StepFailure(error), of: resource)
            return false
        }
        if let problem = perform(reload, changes: KeyChanges.lines(of: [reload.changes])) {
            let failure = StepFailure(
                "\(resource.reloadField) failed on the previous file too: \(problem)", command: reload.failedCommand)
            log(failure, of: resource, change: reload.change)
            return false
        }
        reloadDone(reload, hasNewFile: false)
        return true
    }
}
