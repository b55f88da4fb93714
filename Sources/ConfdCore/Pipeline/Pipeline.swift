import KeyValue
import Posix
import Rendering
import Synchronization

/// Does for one resource and one snapshot what there is to do: render, compare, stage, check, replace; and runs
/// the reloads that are owed. It decides nothing about time.
package final class Pipeline: Sendable {
    private let settings: Settings
    private let logger: Logger
    private let renderer: ResourceRenderer
    private let cancellation: CommandCancellation
    private let memory = Mutex(Memory())

    /// What is kept from pass to pass.
    private struct Memory {
        /// Candidates that their check refused, by destination: not checked again until something changes.
        var rejected: [String: RejectedCandidate] = [:]
        /// Warnings that were given: each is given once.
        var warned: Set<String> = []
        /// Destinations that were looked at for the traces of a crash.
        var healed: Set<String> = []
    }

    private struct RejectedCandidate: Equatable {
        let content: [UInt8]
        let check: String
    }

    /// `cancellation` ends the commands that run.
    package init(settings: Settings, logger: Logger, renderer: ResourceRenderer, cancellation: CommandCancellation) {
        self.settings = settings
        self.logger = logger
        self.renderer = renderer
        self.cancellation = cancellation
    }

    /// Brings the file of `resource` in step with `snapshot`, the keys of its backend. Every failure is logged.
    package func apply(_ resource: Resource, _ snapshot: Snapshot) -> Outcome {
        do {
            let content = try render(resource, snapshot)
            return try put(content, resource, revision: snapshot.revision)
        } catch {
            logger.error(error.message)
            return Outcome(.failed)
        }
    }

    private func render(_ resource: Resource, _ snapshot: Snapshot) throws(StepFailure) -> [UInt8] {
        logger.debug("Using source template \(resource.source)")
        let view = snapshot.view(of: resource.ranges, strippingPrefix: resource.prefix)
        logger.debug("Got \(view.count) keys from the store for \(resource.name)")
        logger.debug("Compiling source template \(resource.source)")
        return try renderer.render(resource, view)
    }

    private func put(
        _ content: [UInt8], _ resource: Resource, revision: Int64
    ) throws(StepFailure) -> Outcome {
        let destination: Destination
        let comparison: Comparison
        do {
            destination = try Destination(resolving: resource.destination)
            try heal(destination)
            if resource.makeDirectories, !settings.noop { try destination.makeFolders() }
            logger.debug("Comparing candidate config to \(resource.destination)")
            comparison = try destination.compare(with: content, attributes: resource.attributes)
            try logDifferences(comparison, destination, content)
        } catch {
            throw StepFailure(error)
        }
        if settings.noop { return try noop(comparison, content, resource, destination) }
        switch comparison {
        case .same, .attributesDiffer:
            return try keepContent(comparison, content, resource, destination, revision: revision)
        case .absent, .contentDiffers:
            logger.info("Target config \(resource.destination) out of sync")
            return try replace(content, resource, destination, revision: revision)
        }
    }

    /// The bytes are right: mode and owner are corrected in place, and a reload that failed before is still owed.
    private func keepContent(
        _ comparison: Comparison, _ content: [UInt8], _ resource: Resource, _ destination: Destination, revision: Int64
    ) throws(StepFailure) -> Outcome {
        do {
            if settings.keepStageFile { try keepStaged(content, resource, destination) }
            var state = Outcome.State.inSync
            if case .attributesDiffer = comparison {
                warn(try destination.correctAttributes(resource.attributes))
                state = .updated
            } else {
                logger.debug("Target config \(resource.destination) in sync")
            }
            guard !settings.syncOnly, resource.reloadCommand != nil, try destination.reloadMark() != nil else {
                return Outcome(state)
            }
            logger.info("Reload of \(resource.destination) is still owed")
            let reload = try reload(resource, destination, source: destination.target, revision, isNew: false)
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
        _ content: [UInt8], _ resource: Resource, _ destination: Destination, revision: Int64
    ) throws(StepFailure) -> Outcome {
        try refuseRejected(content, resource)
        let staged: StagedFile
        do {
            staged = try StagedFile(
                content, for: destination, attributes: resource.attributes, keep: settings.keepStageFile)
        } catch {
            throw StepFailure(error)
        }
        warn(staged.warnings)
        let path = staged.path
        if settings.keepStageFile { logger.info("Keeping staged file: \(path)") }
        let checked = try staged.check { (path) throws(StepFailure) in
            try check(path, content, resource, destination, revision: revision)
        }
        let reload = try reload(resource, destination, source: path, revision, isNew: true)
        let options = CheckedFile.Options(
            backup: resource.backup, reloadMark: reload.map { Array($0.resource.name.utf8) })
        logger.debug("Overwriting target config \(resource.destination)")
        do {
            let replacement = try checked.replace(options)
            warn(replacement.warnings)
            if case .writtenInPlace = replacement.method {
                warn("Rename failed - target is likely a mount. Writing \(resource.destination) in place instead")
            }
        } catch {
            throw StepFailure(error)
        }
        if reload == nil { logger.info("Target config \(resource.destination) has been updated") }
        return Outcome(.updated, reload: reload)
    }

    /// Runs `check_cmd` on the staged file; a candidate that fails is remembered.
    private func check(
        _ path: String, _ content: [UInt8], _ resource: Resource, _ destination: Destination, revision: Int64
    ) throws(StepFailure) {
        guard let command = resource.checkCommand, !settings.syncOnly else { return }
        let text = try shellText(command, source: path, destination: destination.path)
        let environment = commandEnvironment(resource, source: path, revision)
        let result = run(text, "check_cmd", resource, environment, timeout: resource.checkTimeout)
        guard result.succeeded else {
            memory.withLock {
                $0.rejected[resource.destination] = RejectedCandidate(content: content, check: command.text)
            }
            throw StepFailure("\(resource.name): Config check failed: \(result.message)")
        }
        memory.withLock { _ = $0.rejected.removeValue(forKey: resource.destination) }
    }

    private func refuseRejected(_ content: [UInt8], _ resource: Resource) throws(StepFailure) {
        guard let check = resource.checkCommand else { return }
        let rejected = memory.withLock { $0.rejected[resource.destination] }
        if rejected == RejectedCandidate(content: content, check: check.text) {
            throw StepFailure("\(resource.name): Config check failed before on the same content, not checked again")
        }
    }

    /// `-keep-stage-file` where nothing is replaced: the candidate is written beside the destination all the same.
    private func keepStaged(
        _ content: [UInt8], _ resource: Resource, _ destination: Destination
    ) throws(StagingError) {
        let staged = try StagedFile(content, for: destination, attributes: resource.attributes, keep: true)
        logger.info("Keeping staged file: \(staged.path)")
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
        logger.warning("Noop mode enabled. \(resource.destination) will not be modified")
        return Outcome(comparison == .same ? .inSync : .wouldChange)
    }
}

// MARK: - Commands

extension Pipeline {
    /// Runs each distinct command of `reloads` once, in order, after all files of a pass are in place; returns the
    /// resources whose reload failed.
    package func reload(_ reloads: [Outcome.Reload]) -> [Resource] {
        var failed: [Resource] = []
        let byCommand = Dictionary(grouping: reloads, by: \.shellText)
        var done: Set<String> = []
        for first in reloads where done.insert(first.shellText).inserted {
            let group = byCommand[first.shellText, default: []]
            let result = run(
                first.shellText, "reload_cmd", first.resource, first.environment,
                timeout: first.resource.reloadTimeout)
            guard result.succeeded else {
                logger.error("\(first.resource.name): reload_cmd failed: \(result.message); it stays owed")
                failed += group.map(\.resource)
                continue
            }
            for reload in group { finish(reload) }
        }
        return failed
    }

    private func finish(_ reload: Outcome.Reload) {
        do {
            try reload.destination.clearReloadMark()
        } catch {
            logger.error(StepFailure(error).message)
        }
        if reload.isNew { logger.info("Target config \(reload.resource.destination) has been updated") }
    }

    private func reload(
        _ resource: Resource, _ destination: Destination, source: String, _ revision: Int64, isNew: Bool
    ) throws(StepFailure) -> Outcome.Reload? {
        guard let command = resource.reloadCommand, !settings.syncOnly else { return nil }
        return Outcome.Reload(
            resource: resource, destination: destination,
            shellText: try shellText(command, source: source, destination: destination.path),
            environment: commandEnvironment(resource, source: source, revision), isNew: isNew)
    }

    private func shellText(
        _ command: CommandTemplate, source: String, destination: String
    ) throws(StepFailure) -> String {
        do {
            return String(decoding: try command.shellText(source: source, destination: destination), as: UTF8.self)
        } catch {
            throw StepFailure(error.message.text)
        }
    }

    private func commandEnvironment(_ resource: Resource, source: String, _ revision: Int64) -> [String: String] {
        [
            "CONFD_SRC": source, "CONFD_DEST": resource.destination, "CONFD_RESOURCE": resource.name,
            "CONFD_REVISION": String(revision),
        ]
    }

    private func run(
        _ text: String, _ field: String, _ resource: Resource, _ environment: [String: String], timeout: Duration
    ) -> CommandResult {
        logger.debug("Running \(text)")
        let command = Command(text, environment: environment, timeout: timeout)
        let result = command.run(cancellation: cancellation) { line in
            logger.info("\(resource.name): \(field): \(String(decoding: line, as: UTF8.self))")
        }
        if result.droppedBytes > 0 {
            logger.warning("\(resource.name): \(field): \(result.droppedBytes) more bytes of output are not shown")
        }
        return result
    }
}

// MARK: - Logging

extension Pipeline {
    private func logDifferences(
        _ comparison: Comparison, _ destination: Destination, _ content: [UInt8]
    ) throws(StagingError) {
        switch comparison {
        case .absent, .same: return
        case .attributesDiffer(let differences):
            for difference in differences { logger.info(difference.message(dest: destination.path)) }
        case .contentDiffers(let differences):
            for difference in differences { logger.info(difference.message(dest: destination.path)) }
            let checksums = try destination.checksumMessage(content: content)
            logger.info(checksums)
        }
    }

    private func heal(_ destination: Destination) throws(StagingError) {
        let isFirst = memory.withLock { $0.healed.insert(destination.path).inserted }
        guard isFirst, !settings.noop, try destination.heal() == .restored else { return }
        logger.warning("\(destination.path) was left half-written by a crash and has its previous content back")
    }

    private func warn(_ warnings: [StagingWarning]) {
        for warning in warnings { warn(warning.message) }
    }

    /// Logs a warning the first time it is given.
    private func warn(_ text: String) {
        let isNew = memory.withLock { $0.warned.insert(text).inserted }
        if isNew { logger.warning(text) }
    }
}
