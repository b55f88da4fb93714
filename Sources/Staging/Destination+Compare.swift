import Digests
import Posix

extension Destination {
    /// Compares the target with `content` and `attributes`; stops at the first difference and creates nothing.
    package func compare(
        with content: [UInt8], attributes: FileAttributes
    ) throws(StagingError) -> Comparison {
        guard let status = try existing() else { return .absent }
        let differences = attributes.differences(from: status)
        if status.size != content.count { return .contentDiffers(differences) }
        do throws(SystemError) {
            let file = try open(.read)
            if try !file.contentEquals(content) { return .contentDiffers(differences) }
        } catch let error where [Errno.accessDenied, Errno.notPermitted].contains(error.code) {
            return .unreadable(error, differences)
        } catch {
            throw StagingError(.read(error), path)
        }
        return differences.isEmpty ? .same : .attributesDiffer(differences)
    }

    /// confd's log line `PATH has md5sum A should be B`; reads the whole target, so call it only for a line that is logged. For
    /// a file above 64 MiB, or one that cannot be read, the line has the sizes.
    package func checksumMessage(content: [UInt8]) -> String {
        let size = (try? existing()).flatMap { $0 }?.size ?? 0
        if size <= Self.checksumLimit, let checksum = try? checksum() {
            return "\(path) has md5sum \(checksum) should be \(MD5.hex(content))"
        }
        return "\(path) has \(size) bytes should be \(content.count)"
    }

    /// Larger files are not read for a log line.
    private static let checksumLimit = 64 << 20

    private func checksum() throws(StagingError) -> String {
        var digest = MD5()
        guard let file = try openTarget() else { return digest.hex }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in
            try file.forEachBlock(of: 0..<Self.checksumLimit) { digest.update($0) }
            return digest.hex
        }
    }
}
