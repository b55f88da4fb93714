import Configuration
import Posix

/// `-state-dir`: what confd keeps of each resource across restarts, a record a resource. One process has it at a time.
final class StateDirectory: Sendable {
    /// Why there is none.
    enum Problem: Error, Equatable {
        case inUse
        /// `Errno.notPermitted` where other users may write there.
        case failed(SystemError)
    }

    /// A record takes a few hundred bytes.
    private static let largestRecord = 64 << 10
    private static let lockName = "lock"

    private let records: Folder
    /// Locked until the process ends.
    private let lock: LockedFile

    /// A file whose lock we have.
    private final class LockedFile: Sendable {
        let file: FileDescriptor

        init(_ file: consuming FileDescriptor) { self.file = file }
    }

    /// Opens the directory at `path` and takes it; makes it, for our user alone (0700), if only its last part is missing.
    init(_ path: String) throws(Problem) {
        let isLocked: Bool
        do throws(SystemError) {
            let directory = try Self.open(path)
            let status = try directory.status()
            // Else another user could direct what we read and write there.
            guard Users.isRootOrOurs(status.uid), status.mode & 0o022 == 0 else {
                throw SystemError(call: "open", path: path, code: Errno.notPermitted)
            }
            lock = LockedFile(try directory.open(Self.lockName, [.readWrite, .create, .noFollow, .nonBlocking]))
            isLocked = try lock.file.lock()
            records = try Self.open(Files.join(path, "resources"))
        } catch {
            throw .failed(error)
        }
        if !isLocked { throw .inUse }
    }

    private static func open(_ path: String) throws(SystemError) -> Folder {
        do throws(SystemError) {
            try Files.makeFolder(path, mode: 0o700)
        } catch  where error.code == Errno.exists {}
        return try Folder(path)
    }

    /// What is kept of `resource`; a record of the same name for another file says nothing about it.
    func record(of resource: Resource) -> ResourceRecord? {
        record(of: resource.name).flatMap { $0.destination == resource.destination ? $0 : nil }
    }

    /// What is kept under the name `resource`; nil if nothing is, or nothing that this version reads.
    func record(of resource: String) -> ResourceRecord? {
        let name = ResourceRecord.fileName(of: resource)
        guard let file = try? records.open(name, [.read, .noFollow, .nonBlocking]),
            let status = try? file.status(), status.kind == .regular,
            let bytes = try? file.readAll(limit: Self.largestRecord), let record = ResourceRecord(parsing: bytes)
        else { return nil }
        return record.resource == resource ? record : nil
    }

    /// Keeps `record` in place of an earlier one of its resource; on disk when this returns.
    func save(_ record: ResourceRecord) throws(SystemError) {
        let name = ResourceRecord.fileName(of: record.resource)
        let temporary = name + ".new"
        let file = try records.open(temporary, [.write, .create, .truncate, .noFollow])
        try file.writeAll(record.json)
        try file.synchronize()
        try records.rename(temporary, to: name)
        try records.synchronize()
    }
}

extension StateDirectory.Problem {
    /// What the log says of it.
    func message(_ path: String) -> String {
        switch self {
        case .inUse: "-state-dir \(path) is in use by another confd: nothing is kept across restarts"
        case .failed(let error) where error.code == Errno.notPermitted:
            "-state-dir \(path) can be written by other users: nothing is kept across restarts"
        case .failed(let error): "-state-dir: \(error.message): nothing is kept across restarts"
        }
    }
}
