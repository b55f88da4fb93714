import Posix

extension Destination {
    /// Compares the target with `content` and `attributes`, reading as little as decides it and creating nothing.
    package func compare(
        with content: [UInt8], attributes: FileAttributes
    ) throws(StagingError) -> Comparison {
        guard let status = try existing() else { return .absent }
        let differences = attributes.differences(from: status)
        if status.size != content.count { return .contentDiffers(differences) }
        do throws(SystemError) {
            let file = try open(.read)
            if try !file.contentEquals(content) { return .contentDiffers(differences) }
        } catch let error where error.code == Errno.accessDenied && status.uid != Users.effectiveUID {
            // Unknown, so replace it: the new file is ours and can be read the next time.
            return .contentDiffers(differences)
        } catch {
            throw StagingError(.read(error), path)
        }
        return differences.isEmpty ? .same : .attributesDiffer(differences)
    }

    /// confd's log line `PATH has md5sum A should be B`; reads the whole target, so ask only when it is logged.
    package func checksumMessage(content: [UInt8]) throws(StagingError) -> String {
        "\(path) has md5sum \(MD5.hex(try read() ?? [])) should be \(MD5.hex(content))"
    }
}
