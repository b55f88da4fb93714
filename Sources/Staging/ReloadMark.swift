import Posix

/// The note that a reload is owed for a file: an extended attribute of the file, or a second file beside it (the sidecar).
enum ReloadMark {
    static let attribute = "user.confd.reload"

    /// The name of the mark's file, for file systems without extended attributes.
    static func sidecar(_ destination: Destination) -> String { destination.companion(".confd-reload") }

    /// Removes the mark's file, if there is one.
    static func removeSidecar(_ destination: Destination, in folder: Folder) throws(SystemError) {
        let name = sidecar(destination)
        do throws(SystemError) {
            try folder.unlink(name)
        } catch {
            if error.code == Errno.noSuchFile { return }
            // A file of another user is no mark.
            if case .foreign = try OwnFile(name, in: folder, besides: destination.name) { return }
            throw error
        }
    }
}

/// The mark that a replacement is to carry.
struct PendingMark {
    /// Where a mark was put.
    enum Place: Equatable {
        case nowhere, attribute, sidecar
        /// Neither an attribute nor a file could be written: only this process remembers the reload.
        case impossible(SystemError)

        var warnings: [StagingWarning] { if case .impossible(let error) = self { [.notMarked(error)] } else { [] } }
    }
    /// nil if no reload is owed.
    let value: [UInt8]?
    /// Whether a reload was owed before; then a failed replacement keeps the mark.
    let wasOwed: Bool

    /// Notes the mark on `file`, which is or will be the target of `destination`.
    func set(
        on file: borrowing FileDescriptor, _ destination: Destination, in folder: Folder
    ) throws(SystemError) -> Place {
        guard let value else { return .nowhere }
        do throws(SystemError) {
            try file.setAttribute(ReloadMark.attribute, value)
            // Where we may write and not read the file, attributes cannot be read either.
            if try file.attribute(ReloadMark.attribute) == value { return .attribute }
        } catch {
            // Without attributes, room or permission for one, the sidecar holds the mark.
        }
        try? file.removeAttribute(ReloadMark.attribute)
        let name = ReloadMark.sidecar(destination)
        var candidate = try Candidate(in: folder, prefix: destination.candidatePrefix)
        try candidate.file.writeAll(value)
        try candidate.file.synchronize()
        do throws(SystemError) {
            try candidate.rename(to: name)
        } catch let error where error.isOccupiedName {
            return .impossible(error)
        }
        try folder.synchronize()
        return .sidecar
    }

    /// Removes the mark after the replacement failed.
    func withdraw(
        from place: Place, _ file: borrowing FileDescriptor, _ destination: Destination, in folder: Folder
    ) {
        if wasOwed { return }
        // If it stays, it causes one unnecessary reload; the error of the replacement is reported.
        switch place {
        case .nowhere, .impossible: break
        case .attribute: try? file.removeAttribute(ReloadMark.attribute)
        case .sidecar: try? ReloadMark.removeSidecar(destination, in: folder)
        }
    }
}

extension Destination {
    /// The mark of a reload that is owed, nil if none: xattr `user.confd.reload`, or the sidecar `.NAME.confd-reload`
    /// where the file system has no such attributes.
    package func reloadMark() throws(StagingError) -> [UInt8]? {
        let isThere = try existing() != nil
        do throws(SystemError) {
            if isThere, let mark = try attributeMark() { return mark }
            guard let folder else { return nil }
            switch try OwnFile(ReloadMark.sidecar(self), in: folder, besides: name) {
            case .absent: return nil
            case .foreign: return nil
            // The mark's existence is enough: what cannot be read, or is too large to be one of ours, is an empty mark.
            case .unreadable: return []
            case .present(let file): return try file.status().size > 65_536 ? [] : file.readAll(limit: 65_536)
            }
        } catch {
            if error.code == Errno.noSuchFile { return nil }
            throw StagingError(.mark(error), path)
        }
    }

    private func attributeMark() throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try open(.read).attribute(ReloadMark.attribute)
        } catch let error where error.code == Errno.accessDenied {
            // The mark of a file that we cannot read is in the sidecar.
            return nil
        }
    }

    /// Removes the mark, and what was kept of the file that was replaced, after the reload succeeded.
    package func clearReloadMark() throws(StagingError) {
        // Nothing was put beside it.
        if stream != nil { return }
        ReplacedFile.remove(self)
        if try existing() != nil {
            do throws(SystemError) {
                try open(.read).removeAttribute(ReloadMark.attribute)
            } catch {
                let hasNone = [Errno.noAttribute, Errno.notSupported].contains(error.code)
                // The mark of a file that we cannot read is in the sidecar.
                let isUnreadable = error.call == "open" && error.code == Errno.accessDenied
                if !hasNone && !isUnreadable { throw StagingError(.mark(error), path) }
            }
        }
        guard let folder else { return }
        try staging(path, StagingError.Kind.mark) { () throws(SystemError) in
            try ReloadMark.removeSidecar(self, in: folder)
        }
    }
}
