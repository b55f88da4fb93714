import Posix
import Synchronization

/// The manifest of one resource on disk: a file in the state directory to which each event is added as a line.
///
/// A manifest of 100,000 files is some megabytes: to write it anew for each would take longer than all else. It is written
/// anew at the first event after a start, and when most of its lines are out of date.
package final class ItemJournal: Sendable {
    private struct State: ~Copyable {
        var manifest: ItemManifest
        /// nil before the first event.
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
    /// How many events are known to be on disk. Locked by whoever waits for the disk, so that one wait serves all whose
    /// events came before it.
    private let synced = Mutex(0)

    /// A manifest that goes on with what the file `name` in `records` holds.
    package init(_ manifest: ItemManifest, in records: Folder?, name: String) {
        self.records = records
        self.name = name
        state = Mutex(State(manifest: manifest))
    }

    /// The manifest now.
    package var manifest: ItemManifest { state.withLock { $0.manifest } }

    /// What may be in `file`, as far as it is ours.
    func hashes(of file: ItemFile) -> [ContentHash]? { state.withLock { $0.manifest.files[file] } }

    /// Adds `event`, which `synchronize` brings to disk.
    package func add(_ event: ItemManifest.Event) throws(SystemError) {
        var failure: SystemError?
        state.withLock { state in
            do throws(SystemError) {
                try write(event, &state)
                state.manifest.take(event)
                state.added += 1
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Waits until all events that were added are on disk.
    package func synchronize() throws(SystemError) {
        let number = state.withLock { $0.added }
        var failure: SystemError?
        synced.withLock { synced in
            if synced >= number { return }
            let (file, added) = state.withLock { ($0.file, $0.added) }
            do throws(SystemError) {
                try file?.descriptor.synchronize()
                synced = added
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func write(_ event: ItemManifest.Event, _ state: inout State) throws(SystemError) {
        guard let records else { return }
        if state.lines > Self.spareLines + 4 * state.manifest.files.count { state.file = nil }
        if state.file == nil {
            state.file = try renew(state.manifest, in: records)
            state.lines = 0
        }
        try state.file?.add(event.line)
        state.lines += 1
    }

    /// Writes the file anew; it is on disk when this returns.
    private func renew(_ manifest: ItemManifest, in records: Folder) throws(SystemError) -> OpenFile {
        let temporary = name + ".new"
        let file = try records.open(temporary, [.write, .create, .truncate, .noFollow])
        let text = manifest.text
        try file.writeAll(text)
        try file.synchronize()
        try records.rename(temporary, to: name)
        try records.synchronize()
        return OpenFile(file, size: text.count)
    }
}
