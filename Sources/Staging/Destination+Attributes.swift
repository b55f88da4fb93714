import Posix

/// The result of `Destination.correctAttributes`.
package struct AttributeCorrection: Equatable, Sendable {
    /// The differences that were corrected.
    package var mended: [AttributeDifference] = []
    /// The differences that we are not permitted to correct.
    package var refused: [AttributeDifference] = []
    /// Log each text once.
    package var warnings: [StagingWarning] = []
}

extension Destination {
    /// Gives the target mode and owner, for `Comparison.attributesDiffer`: `content` is what it holds.
    ///
    /// A new file takes its place where the owner changes or rights shrink, because a process that has the old one open
    /// could go on reading and writing it. A mode that only grows is changed in place, and so is a mount point, with a
    /// warning. What we are not permitted to change is a warning too.
    package func correctAttributes(
        _ attributes: FileAttributes, _ content: [UInt8]
    ) throws(StagingError) -> AttributeCorrection {
        guard let before = try existing() else { return AttributeCorrection() }
        var warnings: [StagingWarning] = []
        do throws(StagingError) {
            if let changed = try changeInPlace(attributes, before) {
                warnings = changed
            } else {
                warnings = try exchange(attributes, content, before)
            }
        } catch {
            guard error.isRefusal else { throw error }
            warnings = notPermitted(attributes.differences(from: before))
        }
        let refused = try existing().map(attributes.differences) ?? []
        let mended = attributes.differences(from: before).filter { !refused.contains($0) }
        return AttributeCorrection(mended: mended, refused: refused, warnings: warnings)
    }

    /// Sets mode and owner of the target itself; nil if that is not safe, or not permitted.
    private func changeInPlace(
        _ attributes: FileAttributes, _ before: FileStatus
    ) throws(StagingError) -> [StagingWarning]? {
        // A file that we may not read cannot be opened here; a new one takes its place.
        guard let file = try? openTarget() else { return nil }
        return try staging(path, StagingError.Kind.attributes) { () throws(SystemError) in
            let status = try file.status()
            let isMountPoint = try file.flags().isMountPoint == true
            // Since the comparison, another user's file or one with several names may have been put there.
            let isOurs = Users.isRootOrOurs(status.uid) && status.linkCount == 1 && status.isSameFile(as: before)
            guard isMountPoint || isOurs && !status.isReplaced(for: attributes) else { return nil }
            let refused = try file.changeOwner(attributes)
            try file.dropRights(ofOwner: status)
            // Set after the owner, because a new owner clears setuid and setgid.
            let mode = (attributes.mode ?? status.mode) & ~refused.unsafeModeBits
            do throws(SystemError) {
                if try file.status().mode != mode { try file.setMode(mode) }
            } catch let error where error.code == Errno.notPermitted {
                if !isMountPoint { return nil }
                return refused.warnings(path) + [.modeNotPermitted(dest: path, mode: mode)]
            }
            try file.synchronize()
            return refused.warnings(path) + (isMountPoint ? self.warnings(ofChangeInPlace: status, to: attributes) : [])
        }
    }

    /// Replaces the target by a new file with the same bytes, unless that would differ from `attributes` in the same
    /// way.
    private func exchange(
        _ attributes: FileAttributes, _ content: [UInt8], _ before: FileStatus
    ) throws(StagingError) -> [StagingWarning] {
        let staged = try StagedFile(content, for: self, attributes: attributes)
        let status = try staged.status()
        if attributes.differences(from: status) == attributes.differences(from: before) { return staged.warnings }
        return try staged.withoutCheck().replace().warnings
    }

    private func notPermitted(_ differences: [AttributeDifference]) -> [StagingWarning] {
        var refused = RefusedOwner()
        var warnings: [StagingWarning] = []
        for difference in differences {
            switch difference {
            case .uid(_, let wanted): refused.uid = wanted
            case .gid(_, let wanted): refused.gid = wanted
            case .mode(_, let wanted): warnings.append(.modeNotPermitted(dest: path, mode: wanted))
            }
        }
        return refused.warnings(path) + warnings
    }
}

extension StagingError {
    /// Whether we were not permitted to make a new file, or to put it in place.
    fileprivate var isRefusal: Bool {
        switch kind {
        case .create(let error, _, _), .replace(let error), .attributes(let error):
            [Errno.accessDenied, Errno.notPermitted, Errno.readOnly].contains(error.code)
        case .appendOnly: true
        default: false
        }
    }
}
