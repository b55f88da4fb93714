import CPosix
import Glibc

/// Changes of names and contents in folders (inotify).
///
/// What a symbolic link leads to outside of the watched folders is not seen.
package struct FolderWatch: ~Copyable, Sendable {
    /// What happened since the last look.
    package struct Changes: Equatable, Sendable {
        /// The files and folders that came, went or were written, each once, in the order of the first event.
        package var paths: [String] = []
        /// Events were lost, or watches: look at everything anew.
        package var isIncomplete = false

        package var isEmpty: Bool { paths.isEmpty && !isIncomplete }
    }

    private static let events = UInt32(
        IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR)

    private let file: FileDescriptor
    /// The folder of each watch.
    private var folders: [Int32: String] = [:]
    /// Watches of one folder without those below it.
    private var single: Set<Int32> = []

    /// A watch of nothing yet.
    package init() throws(SystemError) {
        let number = try SystemCall.run("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }
        file = FileDescriptor(number: number, path: nil)
    }

    /// Readable for `Poll` when there are changes.
    package var descriptor: Int32 { file.number }

    /// Watches the folder at `path` and, unless `alone`, all below it, now and later. Watch first, then read, or a
    /// change between the two is missed.
    package mutating func add(_ path: String, alone: Bool = false) throws(SystemError) {
        for folder in alone ? [path] : Files.tree(path).folders {
            do throws(SystemError) {
                let watch = try SystemCall.run("inotify_add_watch", folder) {
                    inotify_add_watch(file.number, folder, Self.events)
                }
                folders[watch] = folder
                if alone { single.insert(watch) } else { single.remove(watch) }
            } catch let error where error.code == ENOENT && folder != path {
                // Gone again; its parent tells.
            }
        }
    }

    /// What changed since the last call, without waiting. Folders that came are watched from now on.
    package mutating func changes() throws(SystemError) -> Changes {
        var changes = Changes()
        var seen: Set<String> = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
        defer { buffer.deallocate() }
        while true {
            let count: Int
            do throws(SystemError) {
                count = try file.read(into: buffer)
            } catch let error where error.code == EAGAIN {
                return changes
            }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                let event = rest.loadUnaligned(as: inotify_event.self)
                let size = MemoryLayout<inotify_event>.size + Int(event.len)
                let name = rest[MemoryLayout<inotify_event>.size..<size].prefix { $0 != 0 }
                rest = UnsafeRawBufferPointer(rebasing: rest[size...])
                note(event, String(decoding: name, as: UTF8.self), &changes, &seen)
            }
        }
    }

    private mutating func note(
        _ event: inotify_event, _ name: String, _ changes: inout Changes, _ seen: inout Set<String>
    ) {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
            changes.isIncomplete = true
            return
        }
        guard let folder = folders[event.wd] else { return }
        if event.mask & UInt32(IN_IGNORED) != 0 { folders[event.wd] = nil }
        let path = name.isEmpty ? folder : Files.join(folder, name)
        if seen.insert(path).inserted { changes.paths.append(path) }
        let isNewFolder =
            !single.contains(event.wd) && event.mask & UInt32(IN_ISDIR) != 0
            && event.mask & UInt32(IN_CREATE | IN_MOVED_TO) != 0
        if isNewFolder {
            do throws(SystemError) {
                try add(path)
            } catch let error where error.code == ENOENT || error.code == ENOTDIR {
                // Gone again.
            } catch {
                // No watches left: the periodic look must do.
                changes.isIncomplete = true
            }
        }
    }
}
