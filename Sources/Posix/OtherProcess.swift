import CPosix
import Glibc

/// A process that somebody else started. What is read and sent through it concerns this very process: if it ends, and the
/// kernel gives its id to another one, signals fail.
package struct OtherProcess: ~Copyable {
    package let id: Int32
    private let file: FileDescriptor

    /// The process `id`, nil if none of that id runs. Throws `Errno.notImplemented` where the kernel has no pidfds (before 5.3,
    /// and some sandboxes).
    package init?(_ id: Int32) throws(SystemError) {
        do throws(SystemError) {
            let number = try SystemCall.run("pidfd_open") { confd_pidfd_open(id) }
            file = FileDescriptor(number: number, path: nil)
            self.id = id
        } catch let error where error.code == ESRCH || error.code == EINVAL {
            // Invalid: the id of a thread, or none at all.
            return nil
        }
    }

    /// Whether it has ended; it may not have been waited for yet.
    package func hasEnded() throws(SystemError) -> Bool { try Poll.wait([file.number], timeout: .zero)[0] }

    /// Sends `signal`; false if the process has ended.
    package func send(_ signal: Signal) throws(SystemError) -> Bool {
        if try hasEnded() { return false }
        do throws(SystemError) {
            try SystemCall.run("pidfd_send_signal") { confd_pidfd_send_signal(file.number, signal.number) }
            return true
        } catch let error where error.code == ESRCH {
            return false
        }
    }

    /// What /proc says of a process.
    package struct Facts: Equatable, Sendable {
        /// At most 15 bytes: longer names are cut.
        package let name: String
        /// The real, effective and saved user.
        package let users: Set<UInt32>
    }

    /// How a process of this name is called in `Facts`.
    package static func shownName(_ name: String) -> String { String(decoding: name.utf8.prefix(15), as: UTF8.self) }

    /// Its facts from /proc. They are known to be of this process only if `send` succeeds afterwards (ids are reused).
    package func facts() throws(SystemError) -> Facts {
        let path = "/proc/\(id)/status"
        let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
        guard let facts = Facts(parsing: text) else { throw SystemError(call: "read", path: path, code: EINVAL) }
        return facts
    }
}

extension OtherProcess.Facts {
    /// The facts in the text of `/proc/ID/status`; nil if it lacks them.
    init?(parsing text: String) {
        var name: String?
        var users: Set<UInt32>?
        for line in text.split(separator: "\n" as Character) {
            if line.hasPrefix("Name:\t") { name = Self.unescaped(line.dropFirst(6)) }
            guard line.hasPrefix("Uid:\t") else { continue }
            // Real, effective, saved, and that of file accesses.
            let numbers = line.dropFirst(5).split(separator: "\t" as Character).prefix(3).map { UInt32($0) }
            users = numbers.count == 3 && !numbers.contains(nil) ? Set(numbers.compactMap { $0 }) : nil
        }
        guard let name, let users else { return nil }
        self.name = name
        self.users = users
    }

    /// The kernel writes a line feed as `\n` and a backslash as `\\`.
    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}
