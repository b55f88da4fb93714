import KeyValue
import Posix

extension FileBackend {
    /// Files are read when nothing has changed for this long: before, one may be half written.
    private static let quiet = Duration.milliseconds(20)
    /// ... but after this long in any case: a file may be written all the time.
    private static let longestWait = Duration.seconds(1)
    /// A file may be missing this long while its writer renames another into place.
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
                throw FileError(path: paths.first ?? "", position: nil, kind: .notWatched(error)).backendError
            }
            if let failure { throw failure }
        }
    }

    /// Delivers the keys of the files and returns when they have changed; returns the error if they cannot be read and
    /// do not change within `patience`.
    private func readAndWaitForChange(
        _ ranges: [KeyRange], _ timeout: Duration, _ cancellation: Cancellation, _ deliver: (Snapshot) -> Void
    ) throws(SystemError) -> BackendError? {
        // A new watch each time, since links may have changed; and before the read, so that no change is missed.
        var watch = PathWatch(PathWatch.Paths(trees: paths))
        if let problem = watch.problem { warnings.issue(problem.watchWarning("the files of the file backend")) }
        let wakeUp = cancellation.descriptor
        switch Result(catching: { () throws(BackendError) in try snapshot(of: ranges, timeout: timeout) }) {
        case .success(let snapshot):
            deliver(snapshot)
            _ = try watch.hasChange(within: nil, wakeUp: wakeUp)
        case .failure(let error):
            if try !watch.hasChange(within: Self.patience, wakeUp: wakeUp) { return error }
        }
        try watch.waitUntilQuiet(for: Self.quiet, atMost: Self.longestWait, wakeUp: wakeUp)
        return nil
    }
}
