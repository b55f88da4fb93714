import Posix
import Staging
import Synchronization

/// Restores what a crash left half-done beside destinations. Each file and each directory is looked at once.
final class Recovery: Sendable {
    private struct Seen {
        var files: Set<String> = []
        var directories: Set<String> = []
    }

    private let seen = Mutex(Seen())
    private let isNoop: Bool
    private let warnings: WarningLog

    /// With `isNoop` nothing is changed.
    init(isNoop: Bool, warnings: WarningLog) {
        self.isNoop = isNoop
        self.warnings = warnings
    }

    /// Restores the file at `path` and removes candidates that a kill left in its directory.
    func restore(_ path: String, _ attributes: FileAttributes) throws(StagingError) {
        // What is wrong with the path itself is reported when it is to be written.
        guard let destination = try? Destination(resolving: path), destination.stream == nil else { return }
        try restore(destination, attributes)
        sweep(beside: destination)
    }

    /// Restores a destination; after a failure, the next call tries again.
    func restore(_ destination: Destination, _ attributes: FileAttributes) throws(StagingError) {
        if destination.stream != nil { return }
        let isFirst = seen.withLock { $0.files.insert(destination.path).inserted }
        if isFirst { warnings.give(destination.strangers()) }
        guard isFirst, !isNoop else { return }
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
            lookAgain(at: destination)
            throw error
        }
    }

    /// Has the next call of `restore` look at `destination` once more.
    func lookAgain(at destination: Destination) {
        seen.withLock { _ = $0.files.remove(destination.path) }
    }

    private func sweep(beside destination: Destination) {
        guard !isNoop, let folder = destination.folder else { return }
        let isFirst = seen.withLock { $0.directories.insert(folder.path).inserted }
        // What stays does no harm.
        if isFirst { try? Leftovers.sweep(folder, isOurs: Leftovers.isCandidate) }
    }
}

/// Warnings that are true for long: each text is logged once.
final class WarningLog: Sendable {
    let logger: Logger
    private let given = Mutex<Set<String>>([])

    init(_ logger: Logger) { self.logger = logger }

    func give(_ text: String) {
        let isNew = given.withLock { $0.insert(text).inserted }
        if isNew { logger.warning(text) }
    }

    func give(_ warnings: [StagingWarning]) {
        for warning in warnings { give(warning.message) }
    }
}
