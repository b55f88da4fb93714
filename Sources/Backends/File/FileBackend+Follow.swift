import KeyValue
import Posix

extension FileBackend {
    /// A change is read when nothing more changed for this long: half-written files are nothing to read.
    private static let quiet = Duration.milliseconds(20)
    /// Writers that rename leave a moment without a file.
    private static let patience = Duration.milliseconds(200)

    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        while !cancellation.isCancelled {
            let failure: BackendError?
            do throws(SystemError) {
                failure = try readAndWaitForChange(ranges, timeout, cancellation, deliver)
            } catch {
                throw BackendError(
                    .configuration, "cannot watch the files of the file backend: \(error.message)",
                    hint: "the limits are fs.inotify.max_user_watches and max_user_instances")
            }
            if let failure { throw failure }
        }
    }

    /// Delivers what the files hold, and returns when they have changed; the error if they cannot be read and do not
    /// change soon.
    private func readAndWaitForChange(
        _ ranges: [KeyRange], _ timeout: Duration, _ cancellation: Cancellation, _ deliver: (Snapshot) -> Void
    ) throws(SystemError) -> BackendError? {
        // Watched anew each time, for links may lead elsewhere now; and before reading, so that nothing is missed.
        var watch = try PathWatch()
        try watch.add(paths)
        switch Result(catching: { () throws(BackendError) in try snapshot(of: ranges, timeout: timeout) }) {
        case .success(let snapshot):
            deliver(snapshot)
            _ = try watch.hasChange(cancellation, within: nil)
        case .failure(let error):
            if try !watch.hasChange(cancellation, within: Self.patience) { return error }
        }
        while try watch.hasChange(cancellation, within: Self.quiet) {}
        return nil
    }
}

/// Watches files and folders, through symbolic links.
private struct PathWatch: ~Copyable {
    private var watch: FolderWatch
    private var interest = Interest()

    /// The paths whose changes count.
    private struct Interest {
        var names: Set<String> = []
        var trees: [String] = []

        func contains(_ path: String) -> Bool {
            names.contains(path) || trees.contains { path == $0 || path.hasPrefix($0 + "/") }
        }
    }

    /// Watches nothing yet.
    init() throws(SystemError) { watch = try FolderWatch() }

    mutating func add(_ paths: [String]) throws(SystemError) {
        for path in paths {
            let trail = FileTrail(to: path)
            interest.names.formUnion(trail.names)
            for folder in trail.folders where Files.exists(folder) { try watch.add(folder, alone: true) }
            // The path of a folder that is there: all below it counts.
            guard (try? Files.status(path))?.kind == .folder else { continue }
            let tree = try Files.realPath(path)
            interest.trees.append(tree)
            try watch.add(tree)
        }
    }

    /// Waits until one of the files may have changed; false if `time` is over or it is cancelled.
    mutating func hasChange(_ cancellation: Cancellation, within time: Duration?) throws(SystemError) -> Bool {
        let end = time.map { Clock.monotonic() + $0 }
        while true {
            let left = end.map { max($0 - Clock.monotonic(), .zero) }
            let ready = try Poll.wait([watch.descriptor, cancellation.descriptor], timeout: left)
            if ready[1] || !ready[0] { return false }
            let changes = try watch.changes()
            let interest = interest
            if changes.isIncomplete || changes.paths.contains(where: interest.contains) { return true }
        }
    }
}
