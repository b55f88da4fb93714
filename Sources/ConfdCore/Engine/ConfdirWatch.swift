import Applying
import Posix
import Synchronization

/// Tells when files of resources or templates may have changed, on a thread of its own.
final class ConfdirWatch: Sendable {
    /// A change is reported when nothing more changed for this long: editors and checkouts write many files.
    static let quiet = Duration.milliseconds(100)
    /// ... but after this time in any case.
    private static let longestWait = Duration.seconds(2)

    private let trees: [String]
    /// Files that resources are made from, wherever they are.
    private let files = Mutex<Set<String>>([])
    /// Ends the wait when there are other files to watch.
    private let wakeUp: WakeUp
    private let logger: Logger
    private let changed: @Sendable () -> Void

    /// Watches what is below `confdir`; `changed` is called from another thread. Throws if there are no descriptors left.
    init(_ confdir: String, logger: Logger, changed: @escaping @Sendable () -> Void) throws(SystemError) {
        trees = ["\(confdir)/conf.d", "\(confdir)/templates"]
        wakeUp = try WakeUp()
        self.logger = logger
        self.changed = changed
    }

    /// Begins to watch; the first call of `changed` comes as soon as nothing can be missed any more.
    func start() throws(SystemError) {
        try Thread.detach { [self] in
            var problem: SystemError?
            while true {
                do throws(SystemError) {
                    try watchOnce(&problem)
                } catch {
                    logger.warning("cannot wait for changes below confdir: \(error.message)")
                    // The thread does nothing else.
                    Clock.sleep(Self.longestWait)
                }
            }
        }
    }

    /// Watches exactly these files besides those below confdir: templates and what they include.
    func watch(_ files: Set<String>) {
        let isNew = self.files.withLock { current in
            defer { current = files }
            return current != files
        }
        if isNew { wakeUp.wake() }
    }

    /// Also watches `files`.
    func add(_ files: some Sequence<String>) {
        let isNew = self.files.withLock { current in
            let before = current.count
            current.formUnion(files)
            return current.count > before
        }
        if isNew { wakeUp.wake() }
    }

    /// Reports what changed before, and returns when something has changed and then been quiet. Each call looks anew where
    /// the paths lead.
    private func watchOnce(_ problem: inout SystemError?) throws(SystemError) {
        wakeUp.clear()
        let files = files.withLock { $0 }
        var watch = PathWatch(PathWatch.Paths(files: files.sorted(), trees: trees))
        if let error = watch.problem, error != problem {
            logger.warning(error.watchWarning("the files of resources and templates"))
        }
        problem = watch.problem
        changed()
        _ = try watch.hasChange(within: nil, wakeUp: wakeUp.descriptor)
        try watch.waitUntilQuiet(for: Self.quiet, atMost: Self.longestWait, wakeUp: wakeUp.descriptor)
    }
}
