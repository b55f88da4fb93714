import Posix
import Staging
import Synchronization

/// Restores what a crash left half-done beside destinations. Each directory is swept once; for a file, its `History` says whether
/// it was looked at.
final class Recovery: Sendable {
    private let sweptDirectories = Mutex<Set<String>>([])
    private let isNoop: Bool
    private let warnings: WarningLog

    /// With `isNoop` nothing is changed.
    init(isNoop: Bool, warnings: WarningLog) {
        self.isNoop = isNoop
        self.warnings = warnings
    }

    /// Restores the file at `path` and removes candidates that a kill left in its directory.
    func restore(_ path: String, _ attributes: FileAttributes, _ history: inout History) throws(StagingError) {
        // What is wrong with the path itself is reported when it is to be written.
        guard let destination = try? Destination(resolving: path), destination.stream == nil else { return }
        try restore(destination, attributes, &history)
        sweep(beside: destination)
    }

    /// Restores a destination; after a failure, the next call tries again.
    func restore(
        _ destination: Destination, _ attributes: FileAttributes, _ history: inout History
    ) throws(StagingError) {
        if destination.stream != nil || history.restored == destination.path { return }
        history.restored = destination.path
        warnings.give(destination.strangers())
        if isNoop { return }
        do throws(StagingError) {
            if try destination.heal() == .restored {
                warnings.logger.warning(
                    "\(destination.path) was left half-written by a crash and has its previous content back")
            }
            if try destination.undoTrial(attributes) {
                warnings.logger.warning(
                    "\(destination.path) was in place for its check when confd ended: what was there before is back")
            }
        } catch {
            history.restored = nil
            throw error
        }
    }

    private func sweep(beside destination: Destination) {
        guard !isNoop, let folder = destination.folder else { return }
        let isFirst = sweptDirectories.withLock { $0.insert(folder.path).inserted }
        // What stays does no harm.
        if isFirst { try? Leftovers.sweep(folder, isOurs: Leftovers.isCandidate) }
    }
}

/// Warnings about conditions that last: each text is logged once, until `capacity` others were.
final class WarningLog: Sendable {
    static let capacity = 10_000

    let logger: Logger
    private let given = Mutex<Set<String>>([])

    init(_ logger: Logger) { self.logger = logger }

    func give(_ text: String, hint: String? = nil, _ subject: LogFields = LogFields()) {
        let isNew = given.withLock { given in
            if given.count == Self.capacity, !given.contains(text) { given = [] }
            return given.insert(text).inserted
        }
        if isNew { logger.warning(text, subject.explained(hint: hint)) }
    }

    func give(_ warnings: [StagingWarning]) {
        for warning in warnings { give(warning.message) }
    }
}
