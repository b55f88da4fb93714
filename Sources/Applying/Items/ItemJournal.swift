import Configuration
import Posix
import Synchronization

/// The manifest of one resource on disk: a file in the state directory to which each event is added as a line.
///
/// A manifest of 100,000 files is some megabytes: to write it anew for each would take longer than all else. It is written
/// anew at the first event after a start, and when most of its lines are out of date.
package final class ItemJournal: Sendable {
    private struct State: ~Copyable {
        var manifest: ItemManifest
        /// nil if it is to be written anew: before the first event, and after a failure of the disk, which may have lost what
        /// was added.
        var file: OpenFile?
        /// Events that were added to the file.
        var added = 0
        /// Lines that say nothing new.
        var lines = 0
    }

    /// A file to which lines are added.
    private final class OpenFile: Sendable {
        let descriptor: FileDescriptor
        let size: Atomic<Int>

        init(_ descriptor: consuming FileDescriptor, size: Int) {
            self.descriptor = descriptor
            self.size = Atomic(size)
        }

        func add(_ line: [UInt8]) throws(SystemError) {
            // What a failure leaves behind is written over by the next line.
            try descriptor.writeAll(line, at: size.load(ordering: .relaxed))
            size.add(line.count, ordering: .relaxed)
        }
    }

    /// So many lines, and four for each file, may be there before the file is written anew.
    private static let spareLines = 10_000

    /// nil for one that is only read: nothing is written.
    private let records: Folder?
    private let name: String
    private let state: Mutex<State>
    private let sync = Mutex(Sync())

    /// Of several threads that wait for the disk one calls fsync, for all events that were added before; the others sleep.
    private struct Sync {
        /// How many events are known to be on disk.
        var synced = 0
        var isRunning = false
        var waiters: [Semaphore] = []

        enum Turn {
            case done, lead
            case wait(Semaphore)
        }

        mutating func turn(for number: Int) -> Turn {
            if synced >= number { return .done }
            if isRunning {
                let waiter = Semaphore()
                waiters.append(waiter)
                return .wait(waiter)
            }
            isRunning = true
            return .lead
        }

        /// fsync has ended, and has brought so many events to disk; nil if it failed.
        mutating func end(_ number: Int?) -> [Semaphore] {
            isRunning = false
            synced = max(synced, number ?? 0)
            defer { waiters = [] }
            return waiters
        }
    }

    /// A manifest that goes on with what the file `name` in `records` holds.
    package init(_ manifest: ItemManifest, in records: Folder?, name: String) {
        self.records = records
        self.name = name
        state = Mutex(State(manifest: manifest))
    }

    /// The manifest now. A copy that is kept makes the next event cost as much as all files.
    package var manifest: ItemManifest { state.withLock { $0.manifest } }

    /// How many files there are.
    package var count: Int { state.withLock { $0.manifest.files.count } }

    /// Whether the service does not know of all removals yet.
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

    /// Adds `event`, which `synchronize` brings to disk.
    package func add(_ event: ItemManifest.Event) throws(SystemError) {
        try state.withLock { (state) throws(SystemError) in
            try write(event, &state)
            state.manifest.take(event)
            state.added += 1
        }
    }

    /// Waits until all events that were added are on disk.
    package func synchronize() throws(SystemError) {
        let number = state.withLock { $0.added }
        while true {
            switch sync.withLock({ $0.turn(for: number) }) {
            case .done: return
            case .wait(let waiter): waiter.wait()
            case .lead:
                let result = Result { () throws(SystemError) in try synchronizeFile() }
                for waiter in sync.withLock({ $0.end(try? result.get()) }) { waiter.post() }
                _ = try result.get()
                return
            }
        }
    }

    /// Returns how many events have been added that are on disk now.
    private func synchronizeFile() throws(SystemError) -> Int {
        let (file, added) = try state.withLock { (state) throws(SystemError) in
            if state.file == nil { try renew(&state) }
            return (state.file, state.added)
        }
        do throws(SystemError) {
            try file?.descriptor.synchronize()
        } catch {
            state.withLock { $0.file = nil }
            throw error
        }
        return added
    }

    private func write(_ event: ItemManifest.Event, _ state: inout State) throws(SystemError) {
        if state.file == nil || state.lines > Self.spareLines + 4 * state.manifest.files.count { try renew(&state) }
        try state.file?.add(event.line)
        state.lines += 1
    }

    /// Writes the file anew; it is on disk when this returns.
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
        state.lines = 0
    }
}
