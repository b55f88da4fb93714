import Posix
import Synchronization

/// The directories of the destinations that are in use, by their paths: the files of a thousand items are in one of them, and
/// the way there has a handful of steps (`PathWalk`).
///
/// None is kept open for this: an open directory cannot be unmounted.
package final class SharedFolders: Sendable {
    private struct Weak {
        weak var folder: ReachedFolder?
    }

    /// When so many are known, those that are closed are forgotten.
    private static let most = 64

    private let known = Mutex<[String: Weak]>([:])

    package init() {}

    /// A walk to `path` that begins in its directory; nil if that is not in use, or is another one by now.
    ///
    /// Whatever the path leads over now, it leads to a directory that was come to by safe steps a moment ago.
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
