import Configuration
import Posix
import Staging

/// A file as it was when it was written, to tell it from another one where its bytes cannot be read.
struct WrittenFile {
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

extension Pipeline {
    /// `comparison` without what an earlier pass has found to be as it will stay: attributes that we may not set, and
    /// files that we may not read and have written ourselves. Else each pass would try again, or reload again.
    func settled(_ comparison: Comparison, _ destination: Destination, _ content: [UInt8]) -> Comparison {
        switch comparison {
        case .absent, .same, .contentDiffers: return comparison
        case .attributesDiffer(let differences):
            return memory.withLock { $0.refused[destination.path] == differences } ? .same : comparison
        case .unreadable(_, let differences):
            let written = memory.withLock { $0.unreadable[destination.path] }
            // A file that is gone is another one.
            guard let written, written.holds(content, (try? destination.existing()).flatMap { $0 }) else {
                return comparison
            }
            return settled(differences.isEmpty ? .same : .attributesDiffer(differences), destination, content)
        }
    }

    /// Mends mode and owner of a file that holds `content`.
    func correctAttributes(
        _ resource: Resource, _ destination: Destination, _ content: [UInt8]
    ) throws(StagingError) -> Outcome.State {
        let correction = try destination.correctAttributes(resource.attributes, content)
        for difference in correction.mended { logger.info(difference.message(dest: destination.path), resource) }
        warn(correction.warnings)
        noteWritten(content, resource, destination, isAsWanted: correction.refused.isEmpty)
        return correction.mended.isEmpty ? .inSync : .updated
    }

    /// Remembers what the next comparison of a file that was written now cannot know.
    func noteWritten(_ content: [UInt8], _ resource: Resource, _ destination: Destination, isAsWanted: Bool) {
        let isReadable = Files.isAccessible(destination.target, read: true)
        if isAsWanted && isReadable { return }
        // A file that is gone is compared anew.
        guard let status = (try? destination.existing()).flatMap({ $0 }) else { return }
        let refused = resource.attributes.differences(from: status)
        memory.withLock { memory in
            memory.refused[destination.path] = refused.isEmpty ? nil : refused
            memory.unreadable[destination.path] = isReadable ? nil : WrittenFile(status, content)
        }
    }
}
