import Posix
import Staging

/// Removes all files of a manifest that hold what confd has written: for `confd clean`.
package struct ItemCleanup: Sendable {
    package private(set) var removed = 0
    /// Files that stay, because somebody else has written what is in them.
    package private(set) var kept = 0
    /// Why others could not be removed.
    package private(set) var failures: [String] = []

    /// Removes the files of `journal`, and drops from it those that stay because somebody else has written them.
    package init(_ journal: ItemJournal) {
        let manifest = journal.manifest
        let folders = Dictionary(grouping: manifest.files.keys, by: \.folder)
        for (path, files) in folders.sorted(by: { $0.key < $1.key }) {
            do throws(StagingError) {
                let folder = try ItemFolder(resolving: path)
                for file in files.sorted() { remove(file, from: folder, manifest, journal) }
                _ = folder?.synchronize()
            } catch {
                failures.append(error.message)
            }
        }
    }

    private mutating func remove(
        _ file: ItemFile, from folder: ItemFolder?, _ manifest: ItemManifest, _ journal: ItemJournal
    ) {
        do throws(StagingError) {
            switch try folder?.remove(file.name, isOurs: { manifest.isOurs($0, in: file) }) ?? .absent {
            case .removed: removed += 1
            case .foreign: kept += 1
            case .absent: break
            }
        } catch {
            failures.append(error.message)
            return
        }
        // If the line is lost, the next clean-up finds no such file.
        try? journal.add(.dropped(file))
    }
}
