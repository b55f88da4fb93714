import Configuration
import KeyValue
import Posix
import Staging
import TextTemplate

extension Applier {
    /// Runs each distinct reload of `due` once, in order, after all files of a pass are in place. The outcomes come in
    /// the same order; every failure is logged.
    package func reload(_ due: [DueReload]) -> [ReloadOutcome] {
        var outcomes = due.map { ReloadOutcome(state: .done, history: $0.history) }
        let groups = Dictionary(grouping: due.indices) { due[$0].reload.action }
        for group in groups.values.sorted(by: { $0[0] < $1[0] }) {
            let first = due[group[0]].reload
            for index in group { keepKeys(of: due[index].reload, isDone: false) }
            let began = Clock.monotonic()
            let error = perform(first, changes: KeyChanges.lines(of: group.map { due[$0].reload.changes }))
            let run = ReloadRun(
                ended: Clock.wall(), duration: Clock.monotonic() - began, problem: error?.message,
                success: first.action.success)
            report(error, of: first, &outcomes[group[0]].history)
            if error == nil { logSuccess(of: first, count: group.count) }
            for index in group {
                let reload = due[index].reload
                outcomes[index].run = run
                if let error {
                    outcomes[index].state =
                        error.wasAsked && rollBack(reload, &outcomes[index].history) ? .rolledBack : .owed
                } else {
                    outcomes[index].history.previous = nil
                    reloadDone(reload)
                    keepKeys(of: reload, isDone: true)
                }
            }
        }
        return outcomes
    }

    /// Keeps the keys that the service has after the reload, and before it those that it may come to have, so that no delete
    /// is missed if confd ends in between.
    private func keepKeys(of reload: Reload, isDone: Bool) {
        // Each of many items would keep all keys.
        guard reload.isCommand, reload.resource.item == nil, reload.changes.changesKeys else { return }
        keepKeys(reload.resource, isDone ? reload.changes.keys : reload.changes.possibleKeys)
    }

    /// Logs a reload that succeeded, once for all its `count` files. The session of a balancer logs its own.
    private func logSuccess(of reload: Reload, count: Int) {
        if reload.servers != nil { return }
        let more = count > 1 ? " and \(count - 1) more" : ""
        logger.info("\(reload.resource.name)\(more): \(reload.field) succeeded", reload.resource)
    }

    /// Logs that a reload failed. That a service cannot be reached is logged once, until that changes.
    private func report(_ error: ReloadError?, of reload: Reload, _ history: inout History) {
        let failure = error.map { error in
            StepFailure.reload(
                error, field: reload.field, reload.failedCommand,
                isUnchecked: reload.resource.checkCommand == nil && !reload.resource.isGroup)
        }
        if let failure, error?.wasAsked == true {
            log(failure, of: reload.resource, change: reload.change)
        } else {
            report(failure, .reload, of: reload.resource, &history)
        }
    }

    /// Notes on disk that the service has the file that is there.
    package func reloadDone(_ reload: Reload, hasNewFile: Bool = true) {
        if reload.resource.isGroup { return noteReload(reload) }
        if !reload.isOnTrial { clearMark(of: reload.resource) }
        if reload.isNew, hasNewFile { logUpdate(reload.resource, reload.changes) }
    }

    func clearMark(of resource: Resource) {
        do {
            // Resolved again: a `Destination` that is kept for as long as a reload is owed would hold a descriptor.
            try Destination(resolving: resource.destination).clearReloadMark()
        } catch {
            log(.staging(error), of: resource)
        }
    }

    /// Performs the reload; returns the error, nil if it succeeded.
    private func perform(_ reload: Reload, changes: [UInt8]) -> ReloadError? {
        let error: ReloadError?
        do throws(ReloadError) {
            try tryToPerform(reload, changes)
            error = nil
        } catch let failure {
            error = failure
        }
        // Commands are counted where they run, balancers by the engine.
        if !reload.isCommand, reload.servers == nil {
            metrics.countCommand("reload", reload.resource, succeeded: error == nil)
        }
        return error
    }

    private func tryToPerform(_ reload: Reload, _ changes: [UInt8]) throws(ReloadError) {
        let resource = reload.resource
        switch reload.action {
        case .command(let command):
            var environment = reload.environment
            environment["CONFD_PREVIOUS"] = (try? Destination(resolving: resource.destination))?.replacedFile ?? ""
            let result = run(command, "reload_cmd", resource, environment, changes, timeout: resource.reloadTimeout)
            if !result.succeeded { throw .command(result.end, executable: result.executable) }
        case .childSignal(let signal):
            logger.debug("Sending \(signal.name)", resource)
            if let problem = child.send(signal) { throw .child(problem) }
        case .signal(let signal):
            logger.debug("Sending \(signal.signal.name) to the process of \(signal.pidFile)", resource)
            try signal.send()
        case .request(let request, let bodyFile):
            logger.debug("Sending \(request.method) \(request.url.name)", resource)
            try requests.send(request, bodyFile: bodyFile, timeout: resource.reloadTimeout)
        // The balancer's session has done it: only the mark is left to clear.
        case .apply: break
        }
    }

    /// The reload that `resource` owes once its file is replaced, nil if it has none.
    func reload(
        _ resource: Resource, _ destination: Destination, source: String, _ changes: KeyChanges, isNew: Bool
    ) throws(StepFailure) -> Reload? {
        try self.reload(resource, destination.path, source: source, changes, isNew: isNew)
    }

    /// As above; `destination` is `{{.dest}}` of the command.
    func reload(
        _ resource: Resource, _ destination: String, source: String, _ changes: KeyChanges, isNew: Bool
    ) throws(StepFailure) -> Reload? {
        guard let method = resource.reloadMethod, !settings.syncOnly else { return nil }
        let action = try filled { () throws(TemplateError) in
            try method.action(source: source, destination: destination)
        }
        return Reload(
            resource: resource, action: action, field: method.field,
            environment: batchEnvironment(resource, source: source, changes), changes: changes,
            change: isNew ? changeNumbers.next() : 0)
    }

    /// Runs `body`, which renders templates of a resource's fields.
    func filled<Result>(_ body: () throws(TemplateError) -> Result) throws(StepFailure) -> Result {
        do throws(TemplateError) {
            return try body()
        } catch {
            throw .commandTemplate(reason: error.message.text)
        }
    }

    /// The environment of a command that runs once for all items of a resource: their directory takes the place of a file.
    func batchEnvironment(_ resource: Resource, source: String, _ changes: KeyChanges) -> [String: String] {
        var environment = commandEnvironment(resource, source: source, changes)
        guard let items = resource.items else { return environment }
        environment["CONFD_SRC"] = items.folder
        environment["CONFD_DEST"] = items.folder
        return environment
    }

    func commandEnvironment(_ resource: Resource, source: String, _ changes: KeyChanges) -> [String: String] {
        [
            "CONFD_SRC": source, "CONFD_DEST": resource.destination, "CONFD_RESOURCE": resource.owner,
            "CONFD_REVISION": String(changes.snapshot.revision),
        ]
    }

    /// Runs a command of `resource`. Its output is logged when it has ended, as errors if it failed: a log of
    /// errors only has to hold the reason too. With `isTrial` another run follows, whose output is the one that counts.
    func run(
        _ invocation: CommandInvocation, _ field: String, _ resource: Resource, _ environment: [String: String],
        _ changes: [UInt8],
        timeout: Duration, isTrial: Bool = false
    ) -> CommandResult {
        let subject = resource.logFields.with("command", field)
        logger.debug("Running \(invocation.text)", subject)
        var environment = environment
        let file = changesFile(changes, resource)
        if let path = file?.path { environment["CONFD_CHANGES"] = path }
        let command = Command(invocation, environment: environment, timeout: timeout)
        var lines: [String] = []
        let result = withExtendedLifetime(file) {
            runCommand(command) { lines.append(String(decoding: $0, as: UTF8.self)) }
        }
        if result.droppedBytes > 0 { lines.append("... \(result.droppedBytes) more bytes of output not shown") }
        for line in lines {
            let message = "\(resource.name): \(field): \(line)"
            if !result.succeeded, !isTrial {
                logger.error(message, subject)
            } else if result.succeeded, field != "reload_cmd" || line.hasPrefix("[NOTICE]") {
                // A check may print the whole file, with its secrets. haproxy writes a notice for each process that it starts
                // and ends.
                logger.debug(message, subject)
            } else {
                logger.info(message, subject)
            }
        }
        if result.succeeded, result.isOutputOpen {
            warnings.give(
                "\(resource.name): \(field) has ended, and a process that it has left in the background still has its output",
                hint:
                    "send that elsewhere, for example with >/dev/null 2>&1 &: what it writes is lost, and may end it (SIGPIPE)",
                subject)
        }
        metrics.countCommand(field == "reload_cmd" ? "reload" : "check", resource, succeeded: result.succeeded)
        return result
    }

    /// The file of `CONFD_CHANGES`, in `TMPDIR` or else beside `dest`; nil if neither can be written, with a warning.
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
            // The warning below is given.
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
        guard file.resource.rollback, file.resource.reloadMethod != nil else { return nil }
        return file.history.previous?.content ?? content(of: destination)
    }

    /// What is put back if the turn of this host in a rollout fails; nil if nothing is.
    func contentBeforeTurn(_ file: RenderedFile, _ destination: Destination) -> [UInt8]? {
        guard file.resource.rollout != nil else { return nil }
        return file.history.beforeTurn ?? content(of: destination)
    }

    private func content(of destination: Destination) -> [UInt8]? {
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
        history.previous = previous
        guard previous.failures >= (settings.onetime ? 1 : Self.failuresBeforeRollback) else { return false }
        let resource = reload.resource
        logger.warning("\(resource.name): putting the previous \(resource.destination) back", resource)
        do {
            let staged = try StagedFile(
                previous.content, for: Destination(resolving: resource.destination), attributes: resource.attributes)
            let options = CheckedFile.Options(backup: false, reloadMark: Array(resource.name.utf8))
            warnings.give(try staged.withoutCheck().replace(options).warnings)
        } catch {
            // The new file is still in place, and its next failure tries again to put the previous one back.
            log(.staging(error), of: resource)
            return false
        }
        history.previous = nil
        history.refusal = History.Refusal(content: previous.replacement, origin: .service)
        if let error = perform(reload, changes: KeyChanges.lines(of: [reload.changes])) {
            log(
                .reloadOfPrevious(error, field: reload.field, reload.failedCommand), of: resource,
                change: reload.change)
            return false
        }
        reloadDone(reload, hasNewFile: false)
        return true
    }
}
