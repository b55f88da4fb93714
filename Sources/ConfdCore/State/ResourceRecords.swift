import Configuration
import Posix

/// The records of resources, in memory and, where there is a state directory, on disk. For one thread, but for `save`.
struct ResourceRecords {
    private let directory: StateDirectory?
    private var known: [String: ResourceRecord] = [:]

    init(_ directory: StateDirectory?) { self.directory = directory }

    /// Reads what an earlier run kept of the resource `name`.
    mutating func read(_ name: String) { known[name] = directory?.record(of: name) }

    /// Drops what is in memory of the resource `name`; what is on disk stays for when it comes back.
    mutating func drop(_ name: String) { known[name] = nil }

    /// The record of `resource`; one of the same name for another file says nothing about it.
    func record(of resource: Resource) -> ResourceRecord? {
        known[resource.name].flatMap { $0.destination == resource.destination ? $0 : nil }
    }

    /// Notes that the file of `resource` was replaced. Returns what is to be kept on disk, and where.
    mutating func noteChange(
        of resource: Resource, revision: Int64, at time: WallTime
    ) -> (record: ResourceRecord, directory: StateDirectory)? {
        let record = ResourceRecord(
            resource: resource.name, destination: resource.destination, revision: revision, changed: time)
        known[resource.name] = record
        return directory.map { (record, $0) }
    }
}
