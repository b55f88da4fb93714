import Applying
import Configuration
import Posix

extension StateDirectory {
    /// The largest manifest that is read: some 2,000,000 files.
    private static let largestManifest = 256 << 20

    /// The manifest of `resource`, to be continued unless it is only read. Throws if there is one that cannot be read, or that
    /// another version has written: it must not be lost.
    func items(of resource: String, isReadOnly: Bool = false) throws(ItemJournalError) -> ItemJournal {
        let name = Self.itemsName(of: resource)
        return ItemJournal(try manifest(name), in: isReadOnly || self.isReadOnly ? nil : records, name: name)
    }

    private func manifest(_ name: String) throws(ItemJournalError) -> ItemManifest {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard try records.status(of: name) != nil else { return ItemManifest() }
            let file = try records.open(name, [.read, .noFollow, .nonBlocking])
            bytes = try file.readAll(limit: Self.largestManifest)
        } catch {
            throw .failed(error)
        }
        guard let manifest = ItemManifest(parsing: bytes) else { throw .otherVersion(records.path(of: name)) }
        return manifest
    }

    private static func itemsName(of resource: String) -> String {
        ResourceRecord.fileName(of: resource, suffix: ".items")
    }
}

/// Why the manifest of a resource cannot be used.
enum ItemJournalError: Error, Equatable {
    case failed(SystemError)
    /// Another version of confd has written this file.
    case otherVersion(String)

    var message: String {
        switch self {
        case .failed(let error): error.message
        case .otherVersion(let path): "\(path) was written by another version of confd"
        }
    }
}
