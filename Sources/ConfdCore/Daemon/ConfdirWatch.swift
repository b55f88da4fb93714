import Posix

/// Tells when a file below confdir may have changed, on a thread of its own.
struct ConfdirWatch: Sendable {
    /// Told of when nothing more changed for this long: editors and checkouts write many files.
    static let quiet = Duration.milliseconds(100)
    /// Where there is nothing to watch, we look again after this.
    private static let patience = Duration.seconds(2)

    private let confdir: String
    private let logger: Logger
    private let changed: @Sendable () -> Void

    init(_ confdir: String, logger: Logger, changed: @escaping @Sendable () -> Void) {
        self.confdir = confdir
        self.logger = logger
        self.changed = changed
    }

    /// Watches from now on; the first call of `changed` comes as soon as nothing can be missed any more.
    func start() throws(SystemError) {
        try Thread.detach {
            var problem: String?
            while true {
                do throws(SystemError) {
                    try watchOnce()
                    problem = nil
                } catch {
                    if problem != error.message { logger.warning("cannot watch \(confdir): \(error.message)") }
                    problem = error.message
                    // There is nothing to be told by: no folder, or no watch to be had. The thread does nothing else.
                    Clock.sleep(Self.patience)
                    changed()
                }
            }
        }
    }

    /// Tells of what came before, and returns when something has changed and then been quiet. Watched anew each time,
    /// for links may lead elsewhere.
    private func watchOnce() throws(SystemError) {
        var watch = try FolderWatch()
        try watch.add(confdir, alone: true)
        for folder in ["conf.d", "templates"].map({ "\(confdir)/\($0)" }) where Files.exists(folder) {
            try watch.add(try Files.realPath(folder))
        }
        changed()
        _ = try Poll.wait([watch.descriptor], timeout: nil)
        repeat { _ = try watch.changes() } while try Poll.wait([watch.descriptor], timeout: Self.quiet)[0]
    }
}
