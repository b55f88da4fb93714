import Configuration
import Posix

/// `-state-dir`: what confd keeps of each resource across restarts, one record for each. One process has it at a time.
final class StateDirectory: Sendable {
    /// Why the directory cannot be used.
    enum Problem: Error, Equatable {
        case inUse
        /// `Errno.notPermitted` where other users may write there.
        case failed(SystemError)
    }

    /// A record takes a few hundred bytes, with the paths of a guard some more.
    private static let largestRecord = 8 << 20
    private static let lockName = "lock"

    let records: Folder
    static let recordsName = "resources"
    /// Locked until `unlock` or the end of the process; nil where we only read.
    private let lock: LockedFile?

    /// A file whose lock we have.
    private final class LockedFile: Sendable {
        let file: FileDescriptor

        init(_ file: consuming FileDescriptor) { self.file = file }
    }

    /// Opens the directory at `path` and takes it; makes it, for our user alone (0700), if only its last part is missing.
    init(_ path: String) throws(Problem) {
        let isLocked: Bool
        do throws(SystemError) {
            let directory = try PrivateFolder.open(path)
            let lock = LockedFile(try directory.open(Self.lockName, [.readWrite, .create, .noFollow, .nonBlocking]))
            isLocked = try lock.file.lock()
            self.lock = lock
            records = try PrivateFolder.open(Files.join(path, Self.recordsName))
        } catch {
            throw .failed(error)
        }
        if !isLocked { throw .inUse }
    }

    /// Opens the directory at `path` only for reading: another process may keep records there.
    init(reading path: String) throws(SystemError) {
        _ = try PrivateFolder.openExisting(path)
        lock = nil
        records = try Folder(Files.join(path, Self.recordsName))
    }

    /// Whether we may only read what is there.
    var isReadOnly: Bool { lock == nil }

    /// Lets another confd write to it. Nothing is written here from then on.
    func unlock() {
        // Without success the lock ends with the process.
        try? lock?.file.unlock()
    }

    /// The record of `resource`, nil if there is none; a record of the same name for another destination does not
    /// count.
    func record(of resource: Resource) -> ResourceRecord? {
        record(of: resource.name).flatMap { $0.destination == resource.destination ? $0 : nil }
    }

    /// The record under the name `resource`; nil if there is none that this version reads.
    func record(of resource: String) -> ResourceRecord? {
        let bytes = content(of: ResourceRecord.fileName(of: resource))
        guard let record = bytes.flatMap(ResourceRecord.init(parsing:)) else { return nil }
        return record.resource == resource ? record : nil
    }

    /// The names of the resources that have a record.
    var resources: [String] {
        let entries = (try? Files.list(records.path)) ?? []  // One that cannot be read has no names to suggest.
        return entries.compactMap { entry in
            content(of: entry.name).flatMap(ResourceRecord.init(parsing:)).map(\.resource)
        }
    }

    /// The bytes of the file `name`; nil if there is no regular file of that name, or a larger one than we write.
    func content(of name: String, limit: Int = largestRecord) -> [UInt8]? {
        guard let file = try? records.open(name, [.read, .noFollow, .nonBlocking]),
            let status = try? file.status(), status.kind == .regular
        else { return nil }
        return try? file.readAll(limit: limit)
    }

    /// Removes the file `name`, if there is one.
    func remove(_ name: String) throws(SystemError) {
        do throws(SystemError) {
            try records.unlink(name)
        } catch {
            if error.code != Errno.noSuchFile { throw error }
        }
    }

    /// Replaces the record of the resource by `record`, which is on disk when this returns.
    func save(_ record: ResourceRecord) throws(SystemError) {
        try save(record.json, as: ResourceRecord.fileName(of: record.resource))
    }

    /// Replaces the file `name`; the new one is on disk when this returns.
    func save(_ bytes: [UInt8], as name: String) throws(SystemError) {
        let temporary = name + ".new"
        let file = try records.open(temporary, [.write, .create, .truncate, .noFollow])
        try file.writeAll(bytes)
        try file.synchronize()
        try records.rename(temporary, to: name)
        try records.synchronize()
    }
}

extension StateDirectory.Problem {
    /// The log message about it.
    func message(_ path: String) -> String {
        switch self {
        case .inUse: "-state-dir \(path) is in use by another confd: nothing is kept across restarts"
        case .failed(let error) where error.code == Errno.notPermitted:
            "-state-dir \(path) can be written by other users: nothing is kept across restarts"
        case .failed(let error): "-state-dir: \(error.message): nothing is kept across restarts"
        }
    }
}
