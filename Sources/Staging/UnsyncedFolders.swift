import Posix
import Synchronization

/// Directories in which files were replaced: each is synced once for all its files.
package final class UnsyncedFolders: Sendable {
    private let paths = Mutex<Set<String>>([])

    package init() {}

    func add(_ path: String) {
        paths.withLock { _ = $0.insert(path) }
    }

    /// Waits until all of them are on disk.
    package func synchronize() -> [StagingWarning] {
        let paths = self.paths.withLock { paths in
            defer { paths = [] }
            return paths
        }
        return paths.sorted().flatMap { path in
            do throws(SystemError) {
                return try Folder(path).synchronized()
            } catch {
                return [.folderNotSynced(error)]
            }
        }
    }
}
