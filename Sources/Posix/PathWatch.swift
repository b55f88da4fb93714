/// Watches what paths lead to, also through symbolic links (`PathTrail`).
///
/// A watch serves one round: make it, read the files, wait for a change, then make a new one, because the paths may
/// lead elsewhere by then. What cannot be watched is polled every two seconds.
package struct PathWatch: ~Copyable, Sendable {
    /// The paths to watch.
    package struct Paths: Equatable, Sendable {
        /// Files, which need not exist.
        package var files: [String]
        /// Directories with all that is below them, and the files that links below them lead to. They need not exist, and
        /// may be files.
        package var trees: [String]

        package init(files: [String] = [], trees: [String] = []) {
            self.files = files
            self.trees = trees
        }
    }

    /// The most directories and files that are watched: each takes about 1 KiB of the kernel's memory.
    package static let watchLimit = 8_192
    /// How often the paths may change while they are looked up before that counts as a change.
    private static let attempts = 5
    private static let pollInterval = Duration.seconds(2)

    private let paths: Paths
    private var plan: Plan
    /// nil if inotify is not available.
    private var watch: FileWatch?
    /// Why not everything can be watched, nil if it can; a directory that we may not read is no reason.
    package private(set) var problem: SystemError?
    /// Whether something is polled: its status is compared with `seen`.
    private var polls = false
    private var seen: [String: FileStatus] = [:]
    /// Whether the paths changed again and again while they were looked up.
    private var isUnsettled = false

    /// Watches `paths` from now on with at most `limit` watches.
    package init(_ paths: Paths, limit: Int = PathWatch.watchLimit) {
        self.paths = paths
        plan = Plan(paths)
        do throws(SystemError) {
            watch = try FileWatch()
        } catch {
            note(error)
        }
        // A link that was replaced before its directory was watched caused no event. If the paths lead the same way
        // after all directories are watched, no link was replaced.
        isUnsettled = true
        for _ in 0..<Self.attempts where isUnsettled {
            add(limit)
            let current = Plan(paths)
            isUnsettled = current != plan
            plan = current
        }
        if polls { seen = fingerprint() }
    }

    private mutating func add(_ limit: Int) {
        if plan.directories.count > limit { note(SystemError(call: "inotify_add_watch", code: Errno.noSpace)) }
        for directory in plan.directories.prefix(limit) {
            do throws(SystemError) {
                try watch?.add(directory, contents: plan.hasFiles(directory))
            } catch let error where error.code == Errno.noSuchFile || error.code == Errno.notAFolder {
                // The directory was removed meanwhile: the next `Plan` shows that.
            } catch let error where error.code == Errno.accessDenied {
                polls = true
            } catch {
                note(error)
                return
            }
        }
        // Writing to a bind-mounted file causes no event in the directory that it is mounted in, so files are watched
        // too. Other files do not depend on that watch, so an error is ignored.
        for file in plan.ends.prefix(max(0, limit - plan.directories.count)) { try? watch?.add(file, contents: true) }
    }

    private mutating func note(_ error: SystemError) {
        polls = true
        problem = problem ?? error
    }

    /// Waits until something may have changed; false after `time` (nil: never), or as soon as `wakeUp` can be read.
    package mutating func hasChange(within time: Duration?, wakeUp: Int32) throws(SystemError) -> Bool {
        if isUnsettled {
            isUnsettled = false
            return true
        }
        let end = time.map { Clock.monotonic() + $0 }
        var nextLook = Clock.monotonic() + Self.pollInterval
        while true {
            let now = Clock.monotonic()
            let deadline = polls ? min(end ?? nextLook, nextLook) : end
            let left = deadline.map { max($0 - now, .zero) }
            let ready = try Poll.wait([watch?.descriptor ?? -1, wakeUp], timeout: left)
            if ready[1] { return false }
            if ready[0], try hasEvent() { return true }
            if polls, Clock.monotonic() >= nextLook {
                nextLook = Clock.monotonic() + Self.pollInterval
                if hasOtherFingerprint() { return true }
            }
            if let end, Clock.monotonic() >= end { return false }
        }
    }

    /// Waits until nothing has changed for `quiet`, for at most `longest`: a file that is written all the time must
    /// not keep others from being read.
    package mutating func waitUntilQuiet(for quiet: Duration, atMost longest: Duration, wakeUp: Int32)
        throws(SystemError)
    {
        let end = Clock.monotonic() + longest
        while Clock.monotonic() < end, try hasChange(within: quiet, wakeUp: wakeUp) {}
    }

    private mutating func hasEvent() throws(SystemError) -> Bool {
        guard let changes = try watch?.changes() else { return false }
        return changes.isIncomplete || changes.paths.contains { plan.concerns($0) }
    }

    private mutating func hasOtherFingerprint() -> Bool {
        let current = fingerprint()
        defer { seen = current }
        return current != seen
    }

    /// The status of everything that is polled.
    private func fingerprint() -> [String: FileStatus] {
        let current = Plan(paths)
        // Without inotify all files, otherwise only the names that the paths pass through.
        let files = problem == nil ? [] : current.files
        var fingerprint: [String: FileStatus] = [:]
        // A missing file has no status.
        for path in current.trail.entries.union(files) { fingerprint[path] = try? Files.linkStatus(path) }
        return fingerprint
    }
}

extension PathWatch {
    /// Where the paths lead now.
    private struct Plan: Equatable, Sendable {
        private(set) var trail = PathTrail()
        /// Directories all of whose names count.
        private(set) var trees: Set<String> = []
        /// The files in `trees`.
        private(set) var files: [String] = []
        /// The files that paths and links lead to.
        private(set) var ends: Set<String> = []
        private var directoriesOfEnds: Set<String> = []

        init(_ paths: Paths) {
            for file in paths.files { follow(file) }
            for path in paths.trees {
                guard let root = follow(path), root.entry == .directory else { continue }
                let tree = Files.tree(root.path)
                for directory in tree.folders {
                    trail.pass(directory)
                    trees.insert(directory)
                }
                files += tree.files
                for link in tree.links { follow(link) }
            }
        }

        @discardableResult
        private mutating func follow(_ path: String) -> (path: String, entry: PathTrail.Entry)? {
            let end = trail.follow(path)
            if let end, end.entry == .file {
                ends.insert(end.path)
                directoriesOfEnds.insert(Files.split(end.path).folder)
            }
            return end
        }

        var directories: [String] { trail.directories }

        /// Whether what is written to files in `directory` counts.
        func hasFiles(_ directory: String) -> Bool {
            trees.contains(directory) || directoriesOfEnds.contains(directory)
        }

        /// Whether a change of what `path` names may change where the paths lead, or what is there.
        func concerns(_ path: String) -> Bool {
            trail.entries.contains(path) || trees.contains(path) || trees.contains(Files.split(path).folder)
        }

        static func == (left: Plan, right: Plan) -> Bool { left.trail == right.trail && left.trees == right.trees }
    }
}

extension SystemError {
    /// The warning about a `PathWatch.problem`; `files` is the name of the watched files in it.
    package func watchWarning(_ files: String) -> String {
        "cannot watch \(files), they are looked at every two seconds instead: \(message)\n"
            + "hint: the limits are fs.inotify.max_user_watches and fs.inotify.max_user_instances"
    }
}
