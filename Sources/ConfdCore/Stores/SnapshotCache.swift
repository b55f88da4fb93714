import Applying
import Configuration
import Digests
import KeyValue
import Posix
import Staging
import Synchronization

/// `-cache`: the last keys of each backend, a file a backend, for the next start.
final class SnapshotCache: Sendable {
    /// The largest file that is read, in bytes: it is read into memory as a whole.
    private static let largest = 4 << 30

    private let folder: Folder
    private let logger: Logger

    /// The directory at `path`, which is made if only its last part is missing.
    init(_ path: String, _ logger: Logger) throws(SystemError) {
        folder = try PrivateFolder.open(path)
        self.logger = logger
    }

    /// The keys of `ranges` as they were kept last; nil if there are none. A file that cannot be read is logged.
    func load(_ configuration: BackendConfiguration, _ ranges: [KeyRange]) -> Snapshot? {
        let name = Self.name(configuration)
        let path = folder.path(of: name)
        do throws(SystemError) {
            let file = try folder.open(name, [.read, .noFollow, .nonBlocking])
            guard try file.status().kind == .regular else { return nil }
            let bytes = try file.readAll(limit: Self.largest)
            do throws(SnapshotFile.Problem) {
                let (snapshot, identity) = try SnapshotFile.decode(bytes)
                // Other keys were asked for then.
                return identity == Self.identity(configuration, ranges) ? snapshot : nil
            } catch {
                logger.warning("-cache: \(path) is ignored: \(error.message)", configuration)
            }
        } catch {
            if error.code != Errno.noSuchFile { logger.warning("-cache: \(error.message)", configuration) }
        }
        return nil
    }

    /// Replaces the file of `configuration`; the new one is on disk when this returns.
    fileprivate func save(
        _ snapshot: Snapshot, of configuration: BackendConfiguration, _ ranges: [KeyRange]
    ) throws(SystemError) {
        let name = Self.name(configuration)
        let temporary = name + ".new"
        let file = try folder.open(temporary, [.write, .create, .truncate, .noFollow])
        var size = 0
        try SnapshotFile.encode(snapshot, identity: Self.identity(configuration, ranges)) {
            (piece) throws(SystemError) in
            try file.writeAll(piece, at: size)
            size += piece.count
        }
        try file.synchronize()
        try folder.rename(temporary, to: name)
        try folder.synchronize()
    }

    /// Saves the snapshots of `configuration` that it is given.
    func keeper(of configuration: BackendConfiguration) -> SnapshotKeeper {
        SnapshotKeeper { [self] (snapshot, ranges) in
            do throws(SystemError) {
                try save(snapshot, of: configuration, ranges)
                return true
            } catch {
                logger.warning("-cache: \(error.message)", configuration)
                return false
            }
        }
    }

    /// Identifies a backend with its options, and the ranges of the keys. It contains no secrets.
    private static func identity(_ configuration: BackendConfiguration, _ ranges: [KeyRange]) -> [UInt8] {
        let options = configuration.kind.options.filter { $0.secrecy == .none }.map { option in
            "\(option.name)=\(configuration.options[option.name].map { "\($0)" } ?? "")"
        }
        let paths = ranges.map { String(decoding: $0.path, as: UTF8.self) }.sorted()
        return Array(([configuration.name] + configuration.sources + options + paths).joined(separator: "\n").utf8)
    }

    private static func name(_ configuration: BackendConfiguration) -> String {
        "\(configuration.name)-\(MD5.hex(identity(configuration, []))).keys"
    }
}

extension SnapshotFile.Problem {
    fileprivate var message: String {
        switch self {
        case .foreign: "it is no cache of confd"
        case .otherVersion(let version): "it has version \(version) of the format, another confd wrote it"
        case .damaged: "it is damaged"
        }
    }
}

/// Keeps the newest snapshot of one backend, at most once in ten seconds, on a thread of its own.
final class SnapshotKeeper: Sendable {
    private static let pause = Duration.seconds(10)

    private struct State {
        var pending: (snapshot: Snapshot, ranges: [KeyRange])?
        /// What is on disk, if it has a revision.
        var kept: (revision: Int64, ranges: [KeyRange])?

        func isKept(_ snapshot: Snapshot, _ ranges: [KeyRange]) -> Bool {
            // Stores without revisions have 0: there each one counts.
            snapshot.revision > 0 && kept?.revision == snapshot.revision && kept?.ranges == ranges
        }

        var hasThread = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let changed = Semaphore()
    private let stopped = Semaphore()
    /// Whether it succeeded.
    private let save: @Sendable (Snapshot, [KeyRange]) -> Bool
    /// Held while a file is written.
    private let writing = Mutex(())

    init(_ save: @escaping @Sendable (Snapshot, [KeyRange]) -> Bool) { self.save = save }

    /// This is on disk already.
    func noteKept(_ snapshot: Snapshot, _ ranges: [KeyRange]) {
        state.withLock { $0.kept = (snapshot.revision, ranges) }
    }

    /// Keeps `snapshot` soon, unless a newer one comes before.
    func put(_ snapshot: Snapshot, _ ranges: [KeyRange]) {
        let startsThread = state.withLock { state in
            if state.pending == nil, state.isKept(snapshot, ranges) { return false }
            state.pending = (snapshot, ranges)
            defer { state.hasThread = true }
            return !state.hasThread && !state.isStopped
        }
        changed.post()
        // Without a thread it is kept at the end.
        if startsThread { try? Thread.detach { [self] in run() } }
    }

    /// Keeps what is left, and ends.
    func stop() {
        state.withLock { $0.isStopped = true }
        stopped.post()
        changed.post()
        write()
    }

    private func run() {
        while true {
            changed.wait()
            if state.withLock({ $0.isStopped }) { return }
            if write(), stopped.wait(atMost: Self.pause) { return }
        }
    }

    /// Writes what is pending; whether there was anything.
    @discardableResult
    private func write() -> Bool {
        writing.withLock { _ in
            let pending = state.withLock { state in
                defer { state.pending = nil }
                return state.pending
            }
            guard let pending else { return false }
            if save(pending.snapshot, pending.ranges) { noteKept(pending.snapshot, pending.ranges) }
            return true
        }
    }
}
