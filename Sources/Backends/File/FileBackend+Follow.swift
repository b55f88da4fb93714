import KeyValue
import Posix

extension FileBackend {
    /// A change is read when nothing more changed for this long: half-written files are nothing to read.
    private static let quiet = Duration.milliseconds(20)
    /// ... but after this time in any case: a file that is written all the time is read as well.
    private static let longestWait = Duration.seconds(1)
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
                    .configuration, "cannot wait for changes of the files of the file backend: \(error.message)")
            }
            if let failure { throw failure }
        }
    }

    /// Delivers what the files hold, and returns when they have changed; the error if they cannot be read and do not
    /// change soon.
    private func readAndWaitForChange(
        _ ranges: [KeyRange], _ timeout: Duration, _ cancellation: Cancellation, _ deliver: (Snapshot) -> Void
    ) throws(SystemError) -> BackendError? {
        // Made anew each time, for links may lead elsewhere now; and before reading, so that nothing is missed.
        var watch = PathWatch(PathWatch.Paths(trees: paths))
        if let problem = watch.problem { warnings.say(problem.watchWarning("the files of the file backend")) }
        let wakeUp = cancellation.descriptor
        switch Result(catching: { () throws(BackendError) in try snapshot(of: ranges, timeout: timeout) }) {
        case .success(let snapshot):
            deliver(snapshot)
            _ = try watch.hasChange(within: nil, wakeUp: wakeUp)
        case .failure(let error):
            if try !watch.hasChange(within: Self.patience, wakeUp: wakeUp) { return error }
        }
        try watch.settle(quiet: Self.quiet, longest: Self.longestWait, wakeUp: wakeUp)
        return nil
    }
}
