import Posix

extension Pipeline {
    /// What can be wrong with a resource at one time.
    enum Topic: Hashable {
        /// Its template does not parse, and an earlier one is used.
        case template
        /// It cannot be applied.
        case application
    }

    /// Logs a failure of a resource, once until it fails differently or, with nil, not at all.
    func report(_ message: String?, _ topic: Topic, of resource: Resource, key missing: String? = nil) {
        if message != nil { hasFailed.store(true, ordering: .relaxed) }
        guard hasFailed.load(ordering: .relaxed) else { return }
        let key = Memory.Report(resource: resource.name, topic: topic)
        let isNew = memory.withLock { memory in
            let last = memory.reported[key]
            memory.reported[key] = message
            return last != message
        }
        guard let message else { return }
        let subject = resource.logFields.with("key", missing)
        if isNew { logger.error(message, subject) } else { logger.debug(message, subject) }
    }

    func logDifferences(
        _ comparison: Comparison, _ destination: Destination, _ content: [UInt8], _ resource: Resource
    ) throws(StagingError) {
        for difference in comparison.attributeDifferences {
            logger.info(difference.message(dest: destination.path), resource)
        }
        guard case .contentDiffers = comparison else { return }
        let checksums = try destination.checksumMessage(content: content)
        logger.info(checksums, resource)
    }

    /// Mends what a crash left half-written, whatever becomes of the resource then: its keys or its template may be
    /// out of reach for long.
    package func heal(_ resource: Resource) {
        // What is wrong with the destination is reported when it is to be written.
        guard let destination = try? Destination(resolving: resource.destination) else { return }
        do throws(StagingError) {
            try heal(destination)
            sweep(destination.folderPath)
        } catch {
            report(StepFailure(error).message, .application, of: resource)
        }
    }

    private func sweep(_ folder: String) {
        if settings.noop { return }
        let isFirst = memory.withLock { $0.swept.insert(folder).inserted }
        // What stays does no harm.
        if isFirst { try? Leftovers.sweep(folder, isOurs: Leftovers.isCandidate) }
    }

    /// A failure is tried again before the next write.
    func heal(_ destination: Destination) throws(StagingError) {
        let isFirst = memory.withLock { $0.healed.insert(destination.path).inserted }
        guard isFirst, !settings.noop, try destination.heal() == .restored else { return }
        logger.warning("\(destination.path) was left half-written by a crash and has its previous content back")
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
