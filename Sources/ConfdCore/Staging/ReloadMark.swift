import Posix

/// The note, beside the bytes of a file, that a reload is owed for them.
enum ReloadMark {
    static let attribute = "user.confd.reload"

    /// What the mark's file is called where the file system has no extended attributes.
    static func sidecar(_ destination: Destination) -> String { destination.companion(".confd-reload") }

    /// Removes the mark's file, if there is one.
    static func removeSidecar(_ destination: Destination, in folder: Folder) throws(SystemError) {
        do throws(SystemError) {
            try folder.unlink(sidecar(destination))
        } catch let error where error.code == Errno.noSuchFile {
        }
    }
}

/// The mark that a replacement is to carry.
struct PendingMark {
    /// Where a mark was put.
    enum Place {
        case nowhere, attribute, sidecar
    }
    /// nil if no reload is owed.
    let value: [UInt8]?
    /// Whether a reload was owed before, which a failure must not forget.
    let wasOwed: Bool

    /// Notes the mark on `file`, which is or will be the target of `destination`.
    func set(
        on file: borrowing FileDescriptor, _ destination: Destination, in folder: Folder
    ) throws(SystemError) -> Place {
        guard let value else { return .nowhere }
        do throws(SystemError) {
            try file.setAttribute(ReloadMark.attribute, value)
            return .attribute
        } catch {
            // Whatever the reason (no attributes here, too little room, not permitted), a file does as well.
            let name = ReloadMark.sidecar(destination)
            var candidate = try Candidate(in: folder, prefix: destination.candidatePrefix)
            try candidate.file.writeAll(value)
            try candidate.file.synchronize()
            try candidate.rename(to: name)
            try folder.synchronize()
            return .sidecar
        }
    }

    /// Takes the mark back after the replacement failed.
    func withdraw(
        from place: Place, _ file: borrowing FileDescriptor, _ destination: Destination, in folder: Folder
    ) {
        if wasOwed { return }
        // If it stays, it costs one needless reload; the error of the replacement is the one to tell.
        switch place {
        case .nowhere: break
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
            let sidecar = try folder?.open(ReloadMark.sidecar(self), [.read, .noFollow, .nonBlocking])
            return try sidecar?.readAll(limit: 65_536)
        } catch {
            if error.code == Errno.noSuchFile { return nil }
            throw StagingError(.mark(error), path)
        }
    }

    private func attributeMark() throws(SystemError) -> [UInt8]? {
        do throws(SystemError) {
            return try open(.read).attribute(ReloadMark.attribute)
        } catch let error where error.code == Errno.accessDenied {
            // What we cannot read we have not marked.
            return nil
        }
    }

    /// Removes the mark after the reload succeeded.
    package func clearReloadMark() throws(StagingError) {
        if let file = try openTarget() {
            do throws(SystemError) {
                try file.removeAttribute(ReloadMark.attribute)
            } catch {
                let hasNone = [Errno.noAttribute, Errno.notSupported].contains(error.code)
                if !hasNone { throw StagingError(.mark(error), path) }
            }
        }
        guard let folder else { return }
        try staging(path, StagingError.Kind.mark) { () throws(SystemError) in
            try ReloadMark.removeSidecar(self, in: folder)
        }
    }
}
