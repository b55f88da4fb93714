import Configuration
import Digests
import Posix
import Staging
import Synchronization

// Destinations that are written and never replaced: pipes, character devices, inherited descriptors. There is nothing to compare
// with, so what was written last is remembered; nothing can be put back, so a check sees a staged file in TMPDIR.
extension Applier {
    /// A reader that takes nothing for this long is given up: meanwhile all other streams wait (`StreamTurn`).
    private static let patience = Duration.seconds(30)

    /// Writes `content` unless it was written already since confd started.
    func write(
        _ content: [UInt8], to stream: StreamDestination, _ destination: Destination, _ file: inout RenderedFile
    ) throws(StepFailure) -> Outcome {
        let resource = file.resource
        let checksum = MD5.hex(content)
        let isWritten = file.history.streamed == checksum
        if !isWritten { try refuseOtherFormat(content, resource) }
        if try holds(content, isWritten ? .same : .absent, destination, &file) { return Outcome(.held) }
        if isWritten {
            logger.debug("Target config \(resource.destination) in sync", resource)
            return Outcome(.inSync)
        }
        if settings.noop {
            // A stream has no content that could differ.
            logger.warning("Noop mode enabled. \(resource.destination) will not be written", resource)
            return Outcome(.inSync)
        }
        try refuseAgain(content, &file)
        try checkStaged(content, destination, &file)
        let reload = try reload(resource, destination, source: destination.path, file.changes, isNew: true)
        logger.debug("Writing to \(resource.destination)", resource)
        // A failure may have written a part.
        file.history.streamed = nil
        do throws(StagingError) {
            try streams.take { () throws(StagingError) in
                try destination.write(
                    content, to: stream, patience: Self.patience, cancellation: cancellation.descriptor)
            }
        } catch {
            throw .staging(error)
        }
        file.history.streamed = checksum
        metrics.countChange(of: resource)
        if reload == nil { logUpdate(resource, file.changes) }
        return Outcome(.updated, reload: reload)
    }

    /// Runs `check_cmd`, also one that would else check in place, on a staged file in TMPDIR.
    private func checkStaged(
        _ content: [UInt8], _ destination: Destination, _ file: inout RenderedFile
    ) throws(StepFailure) {
        let resource = file.resource
        let hasCheck = resource.checkCommand != nil && !settings.syncOnly
        guard hasCheck || settings.keepStageFile else { return }
        do {
            let staged = try ChangesFile(staged: content)
            if settings.keepStageFile {
                staged.isKept = true
                logger.info("Keeping staged file: \(staged.path)", resource)
            }
            try withExtendedLifetime(staged) {
                try check(staged.path, content, &file, destination)
                if hasCheck, try !staged.holds(content) {
                    throw StepFailure.stagedFileEdited(path: staged.path)
                }
            }
        } catch let error as StepFailure {
            throw error
        } catch let error as SystemError {
            throw .notStaged(error, destination: resource.destination)
        } catch {
            preconditionFailure("the two errors above are all that can be thrown")
        }
    }
}

extension Resource {
    /// What it has that a stream cannot have.
    var featureOfFiles: StepFailure.FeatureOfFiles? {
        if rollout != nil { return .rollout }
        return apply != nil ? .apply : nil
    }
}

/// One writer at a time for all streams, so that what several resources write to one of them does not mix.
final class StreamTurn: Sendable {
    private let turn = Mutex(())

    func take<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        let result = turn.withLock { _ in Result { () throws(Failure) in try body() } }
        try result.get()
    }
}
