import Configuration
import Digests
import Posix
import Staging

/// Status and checksum of a file when it was written: they tell whether it was replaced since, where its bytes cannot be read.
struct WrittenFile: Sendable {
    private let status: FileStatus
    private let checksum: String

    init(_ status: FileStatus, _ content: [UInt8]) {
        self.status = status
        checksum = MD5.hex(content)
    }

    /// Whether a file of this status still holds `content`.
    func holds(_ content: [UInt8], _ status: FileStatus?) -> Bool {
        self.status == status && checksum == MD5.hex(content)
    }
}

extension History {
    /// `comparison` without what is known to stay as it is: attributes that we may not set, and files that we may not read
    /// and have written ourselves. Else each pass would try again, or reload again.
    mutating func withoutKnown(
        _ comparison: Comparison, _ destination: Destination, _ content: [UInt8]
    ) -> Comparison {
        switch comparison {
        case .absent, .contentDiffers: return comparison
        case .same:
            // Owner and mode are right now: a later difference is corrected again.
            refusedAttributes = []
            return comparison
        case .attributesDiffer(let differences):
            return refusedAttributes == differences ? .same : comparison
        case .unreadable(_, let differences):
            // A file that is gone is another one.
            guard let unreadable, unreadable.holds(content, (try? destination.existing()).flatMap { $0 }) else {
                return comparison
            }
            return withoutKnown(differences.isEmpty ? .same : .attributesDiffer(differences), destination, content)
        }
    }

    /// Remembers, of a file that was written now, what the next comparison cannot find out: that attributes were refused, and
    /// which content it has, if we may not read it.
    mutating func noteWritten(
        _ content: [UInt8], _ resource: Resource, _ destination: Destination, isAsWanted: Bool
    ) {
        let isReadable = Files.isAccessible(destination.target, read: true)
        refusedAttributes = []
        unreadable = nil
        if isAsWanted && isReadable { return }
        // A file that is gone is compared anew.
        guard let status = (try? destination.existing()).flatMap({ $0 }) else { return }
        refusedAttributes = resource.attributes.differences(from: status)
        unreadable = isReadable ? nil : WrittenFile(status, content)
    }
}

extension Applier {
    /// Corrects mode and owner of a file that holds `content`.
    func correctAttributes(
        _ resource: Resource, _ destination: Destination, _ content: [UInt8], _ history: inout History
    ) throws(StagingError) -> Outcome.State {
        let correction = try destination.correctAttributes(resource.attributes, content)
        for difference in correction.mended { logger.info(difference.message(dest: destination.path), resource) }
        warnings.give(correction.warnings)
        history.noteWritten(content, resource, destination, isAsWanted: correction.refused.isEmpty)
        return correction.mended.isEmpty ? .inSync : .updated
    }
}
