import Posix

/// The mode and owner that a resource asks for; nil keeps what the existing file has, else 0644 and our own ids.
package struct FileAttributes: Equatable, Sendable {
    /// The permission bits with setuid, setgid and sticky, `0...0o7777`.
    package var mode: UInt16?
    /// The owner's number.
    package var uid: UInt32?
    /// The group's number.
    package var gid: UInt32?

    /// Attributes to ask for; those left out are kept.
    package init(mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil) {
        self.mode = mode
        self.uid = uid
        self.gid = gid
    }

    /// What a new file in the place of `existing` is to have.
    func completed(from existing: FileStatus?) -> FileAttributes {
        FileAttributes(
            mode: mode ?? existing?.mode ?? 0o644, uid: uid ?? existing?.uid, gid: gid ?? existing?.gid)
    }

    /// What of `status` is not as asked for.
    func differences(from status: FileStatus) -> [AttributeDifference] {
        var differences: [AttributeDifference] = []
        if let uid, uid != status.uid { differences.append(.uid(is: status.uid, wanted: uid)) }
        if let gid, gid != status.gid { differences.append(.gid(is: status.gid, wanted: gid)) }
        if let mode, mode != status.mode { differences.append(.mode(is: status.mode, wanted: mode)) }
        return differences
    }
}

/// Owner and group that we were not permitted to set.
struct RefusedOwner: Equatable {
    var uid: UInt32?
    var gid: UInt32?

    /// Bits that would give the rights of the wrong user or group away.
    var unsafeModeBits: UInt16 { (uid == nil ? 0 : 0o4000) | (gid == nil ? 0 : 0o2000) }

    func warnings(_ dest: String) -> [StagingWarning] {
        uid == nil && gid == nil ? [] : [.ownerNotPermitted(dest: dest, uid: uid, gid: gid)]
    }
}

extension FileDescriptor {
    /// Sets the owner and group of `attributes` where they differ, and returns those that we may not set.
    func changeOwner(_ attributes: FileAttributes) throws(SystemError) -> RefusedOwner {
        let status = try status()
        let uid = attributes.uid == status.uid ? nil : attributes.uid
        let gid = attributes.gid == status.gid ? nil : attributes.gid
        if uid == nil && gid == nil { return RefusedOwner() }
        if try ownerChanges(uid: uid, gid: gid) { return RefusedOwner() }
        // Together they are refused if one is: a member of the group may still set the group.
        var refused = RefusedOwner(uid: uid, gid: gid)
        if uid != nil && gid != nil {
            if try ownerChanges(uid: uid, gid: nil) { refused.uid = nil }
            if try ownerChanges(uid: nil, gid: gid) { refused.gid = nil }
        }
        return refused
    }

    /// False if we are not permitted.
    private func ownerChanges(uid: UInt32?, gid: UInt32?) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try setOwner(uid: uid, gid: gid)
            return true
        } catch let error where error.code == Errno.notPermitted || error.code == Errno.invalid {
            // EINVAL: a number that this user namespace does not map.
            return false
        }
    }

    /// Sets the extended attributes of `file` here too, where possible; our own mark is left out.
    func copyAttributes(of file: borrowing FileDescriptor) {
        // A file system without attributes has none to carry over.
        let names = (try? file.attributeNames()) ?? []
        for name in names where !Self.ownAttributes.contains(name) {
            // Some (`trusted.*`, a foreign label) are the administrator's to set: then the new file has its default.
            guard let value = try? file.attribute(name), value != (try? attribute(name)) else { continue }
            try? setAttribute(name, value)
        }
    }

    /// Attributes that belong to the bytes and not to the file: our mark, and the kernel's checksums.
    private static var ownAttributes: [String] { [ReloadMark.attribute, "security.ima", "security.evm"] }
}
