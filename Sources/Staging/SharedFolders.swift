import Posix
import Synchronization

/// The directories of the destinations in use, by path, so that a thousand items with files in one directory share one walk to
/// it (`PathWalk`).
///
/// The references are weak, because a file system with an open directory cannot be unmounted.
package final class SharedFolders: Sendable {
    private struct Weak {
        weak var folder: ReachedFolder?
    }

    /// With this many entries, those whose directory has been closed are removed.
    private static let most = 64

    private let known = Mutex<[String: Weak]>([:])

    package init() {}

    /// A walk to `path` that starts in its directory; nil if that is not in use, or another directory is there now.
    ///
    /// The steps to it need no new check: the same directory was reached by safe steps a moment ago.
    func walk(to path: String, makesFolders: Bool) throws(StagingError) -> PathWalk? {
        let (parent, name) = Files.split(path)
        guard let reached = known.withLock({ $0[parent]?.folder }), let now = try? Files.status(parent),
            now.identity == reached.identity
        else { return nil }
        return try PathWalk(path, name: name, from: reached, now, makesFolders: makesFolders)
    }

    /// Remembers `folder`, the directory of `path`, as long as somebody uses it.
    func note(_ folder: ReachedFolder, for path: String) {
        known.withLock { known in
            if known.count >= Self.most { known = known.filter { $0.value.folder != nil } }
            known[Files.split(path).folder] = Weak(folder: folder)
        }
    }
}
