import Posix
import Synchronization

/// Saves records on other threads, those of one resource in order; of several that wait, only the last is saved.
final class RecordKeeper: Sendable {
    private struct State {
        /// By resource: what waits to be saved; nil in it while the last one is being saved.
        var records: [String: ResourceRecord?] = [:]
    }

    private let state = Mutex(State())
    private let directory: StateDirectory

    init(_ directory: StateDirectory) { self.directory = directory }

    /// Whether everything is saved.
    var isIdle: Bool { state.withLock { $0.records.isEmpty } }

    /// Keeps `record`; true if `save` has to be called for its resource.
    func put(_ record: ResourceRecord) -> Bool {
        state.withLock { state in
            let isNew = state.records[record.resource] == nil
            state.records[record.resource] = .some(record)
            return isNew
        }
    }

    /// Saves the record that waits for `resource`, and those that come meanwhile; throws the error of the last one.
    func save(_ resource: String) throws(SystemError) {
        var failure: SystemError?
        while let record = next(of: resource) {
            failure = nil
            do {
                try directory.save(record)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func next(of resource: String) -> ResourceRecord? {
        state.withLock { state in
            guard let waiting = state.records[resource], let record = waiting else {
                state.records[resource] = nil
                return nil
            }
            state.records.updateValue(nil, forKey: resource)
            return record
        }
    }
}
