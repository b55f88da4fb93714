import Glibc

/// Changes of files and of the names in directories (inotify).
package struct FileWatch: ~Copyable, Sendable {
    /// The changes since the last call of `changes`.
    package struct Changes: Equatable, Sendable {
        /// The files and directories that came, went, moved or were written, each once, in the order of the first event.
        package var paths: [String] = []
        /// Events were lost: look at everything anew.
        package var isIncomplete = false
    }

    private static let names = UInt32(
        IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

    private let file: FileDescriptor
    /// The paths of each watch: the kernel has one watch for a file, however many paths lead to it.
    private var paths: [Int32: [String]] = [:]

    /// A watch of nothing yet.
    package init() throws(SystemError) {
        let number = try SystemCall.run("inotify_init1") { inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)) }
        file = FileDescriptor(number: number, path: nil)
    }

    /// Readable for `Poll` when there are changes.
    package var descriptor: Int32 { file.number }

    /// Watches what `path` leads to: the file, or the names in the directory, but not in those below it; with `contents`,
    /// also what is written to the file or to those in the directory. Watch first, then read, or a change between the two
    /// is missed.
    package mutating func add(_ path: String, contents: Bool) throws(SystemError) {
        let events = Self.names | UInt32(IN_MASK_ADD) | (contents ? UInt32(IN_CLOSE_WRITE) : 0)
        let watch = try SystemCall.run("inotify_add_watch", path) { inotify_add_watch(file.number, path, events) }
        if paths[watch]?.contains(path) != true { paths[watch, default: []].append(path) }
    }

    /// The changes since the last call, without waiting.
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
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { changes.isIncomplete = true }
                for watched in paths[event.wd] ?? [] {
                    let path = name.isEmpty ? watched : Files.join(watched, String(decoding: name, as: UTF8.self))
                    if seen.insert(path).inserted { changes.paths.append(path) }
                }
                if event.mask & UInt32(IN_IGNORED) != 0 { paths[event.wd] = nil }
            }
        }
    }
}
