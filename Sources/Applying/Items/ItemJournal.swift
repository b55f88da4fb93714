import Configuration
import Posix
import Synchronization

/// The manifest of one resource on disk: a file in the state directory to which each event is added as a line.
///
/// A manifest of 100,000 files is some megabytes: rewriting it for each event would take longer than all else. It is rewritten
/// at the first event after a start, and when most of its lines are out of date.
package final class ItemJournal: Sendable {
    private struct State: ~Copyable {
        var manifest: ItemManifest
        /// nil if it has to be rewritten: before the first event, and after a failure of the disk, which may have lost what
        /// was added.
        var file: OpenFile?
        /// Lines that are not in the file yet.
        var pending: [UInt8] = []
        /// How many lines were added since the file was rewritten.
        var lines = 0

        mutating func take(_ event: ItemManifest.Event) {
            manifest.take(event)
            lines += 1
        }
    }

    /// A file to which lines are added.
    private final class OpenFile: Sendable {
        let descriptor: FileDescriptor
        let size: Atomic<Int>

        init(_ descriptor: consuming FileDescriptor, size: Int) {
            self.descriptor = descriptor
            self.size = Atomic(size)
        }

        func add(_ lines: [UInt8]) throws(SystemError) {
            // What a failure leaves behind is written over by the next lines.
            try descriptor.writeAll(lines, at: size.load(ordering: .relaxed))
            size.add(lines.count, ordering: .relaxed)
        }
    }

    /// The file is rewritten once it has more added lines than this and four for each item's file.
    private static let spareLines = 10_000

    /// The most bytes of lines that wait in memory.
    private static let mostPending = 65_536

    /// nil for one that is only read: nothing is written.
    private let records: Folder?
    private let name: String
    private let state: Mutex<State>
    /// How many events there were.
    private let added = Atomic(0)
    private let disk = SharedSync()

    /// A journal that continues `manifest`, which is that of the file `name` in `records`.
    package init(_ manifest: ItemManifest, in records: Folder?, name: String) {
        self.records = records
        self.name = name
        state = Mutex(State(manifest: manifest))
    }

    /// The manifest now. As long as the caller keeps it, the next event copies the entries of all files.
    package var manifest: ItemManifest { state.withLock { $0.manifest } }

    /// How many files there are.
    package var count: Int { state.withLock { $0.manifest.files.count } }

    /// Whether a reload is owed for files that were removed.
    var isReloadOwed: Bool { state.withLock { $0.manifest.isReloadOwed } }

    /// Whether `content` is what was written into `file`, or was about to be.
    func isOurs(_ content: [UInt8], in file: ItemFile) -> Bool {
        let hash = ContentHash(of: content)
        return state.withLock { $0.manifest.files[file]?.contains(hash) ?? false }
    }

    /// See `ItemManifest.orphans`.
    package func orphans(
        of rule: ItemRule, among names: Set<[UInt8]>?, isWanted: ([UInt8]) -> Bool
    ) -> [ItemFile] {
        state.withLock { $0.manifest.orphans(of: rule, among: names, isWanted: isWanted) }
    }

    /// Adds `event` to the file, which `synchronize` brings to disk.
    package func add(_ event: ItemManifest.Event) throws(SystemError) {
        try state.withLock { (state) throws(SystemError) in
            try renewIfNeeded(&state)
            try flush(&state, with: event.line)
            _ = take(event, &state)
        }
    }

    /// Adds that content with this hash is about to be written to `file`, and starts a sync: `synchronize` waits for that.
    func begin(_ file: ItemFile, _ hash: ContentHash) throws(SystemError) {
        disk.begin(try take(.writing(file, hash))) { [self] () throws(SystemError) in try synchronizeFile() }
    }

    /// Adds that the content is in `file`; the line is written with the next event or flush. A crash before that leaves the
    /// line of `begin`, which is enough for a removal.
    func end(_ file: ItemFile, _ hash: ContentHash) throws(SystemError) { try take(.written(file, hash)) }

    /// Adds that content which was begun is not put into `file` after all; the line is written as that of `end` is.
    func withdraw(_ file: ItemFile, _ hash: ContentHash) throws(SystemError) {
        let isBegun = state.withLock { $0.manifest.files[file]?.begun.contains(hash) ?? false }
        if isBegun { try take(.withdrawn(file, hash)) }
    }

    /// Writes the lines that wait.
    package func flush() throws(SystemError) {
        try state.withLock { (state) throws(SystemError) in try flush(&state) }
    }

    /// Waits until all events that were added are on disk.
    package func synchronize() throws(SystemError) {
        try disk.wait(for: added.load(ordering: .relaxed)) { [self] () throws(SystemError) in try synchronizeFile() }
    }

    /// Syncs the file; returns how many events are on disk now.
    private func synchronizeFile() throws(SystemError) -> Int {
        let (file, number) = try state.withLock { (state) throws(SystemError) in
            if state.file == nil { try renew(&state) } else { try flush(&state) }
            return (state.file, added.load(ordering: .relaxed))
        }
        do throws(SystemError) {
            try file?.descriptor.synchronize()
        } catch {
            state.withLock { $0.file = nil }
            throw error
        }
        return number
    }

    /// Takes `event`, and leaves its line for the next flush. Returns how many events there are with this one.
    @discardableResult
    private func take(_ event: ItemManifest.Event) throws(SystemError) -> Int {
        let line = event.line
        return try state.withLock { (state) throws(SystemError) in
            try renewIfNeeded(&state)
            if state.pending.count >= Self.mostPending { try flush(&state) }
            state.pending += line
            return take(event, &state)
        }
    }

    private func take(_ event: ItemManifest.Event, _ state: inout State) -> Int {
        state.take(event)
        return added.add(1, ordering: .relaxed).newValue
    }

    /// Writes the lines that wait, and `line`.
    private func flush(_ state: inout State, with line: [UInt8] = []) throws(SystemError) {
        if state.pending.isEmpty, line.isEmpty { return }
        try state.file?.add(state.pending + line)
        state.pending = []
    }

    private func renewIfNeeded(_ state: inout State) throws(SystemError) {
        if state.file == nil || state.lines > Self.spareLines + 4 * state.manifest.files.count { try renew(&state) }
    }

    /// Rewrites the file; it is on disk when this returns.
    private func renew(_ state: inout State) throws(SystemError) {
        guard let records else { return }
        state.file = nil
        let temporary = name + ".new"
        let file = try records.open(temporary, [.write, .create, .truncate, .noFollow])
        let text = state.manifest.text
        try file.writeAll(text)
        try file.synchronize()
        try records.rename(temporary, to: name)
        try records.synchronize()
        state.file = OpenFile(file, size: text.count)
        state.pending = []
        state.lines = 0
    }
}
