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

    /// The attributes for a new file that replaces `existing`, a file in `directory`.
    ///
    /// Setuid, setgid and sticky are kept only with the same owner and group. Where a user other than root and ourselves has
    /// created the file, or may have moved a file of root's to this name, that user chose its mode and group: the group and
    /// the bits by which others could change, run or read the new content are dropped.
    func completed(from existing: FileStatus?, in directory: FileStatus) -> FileAttributes {
        guard let existing else { return FileAttributes(mode: mode ?? 0o644, uid: uid, gid: gid) }
        let owner = uid ?? existing.uid
        let isForeign = !Users.isRootOrOurs(existing.uid)
        let isInForeign = !isForeign && directory.isForeign(to: owner)
        let keepsAll = keepsOwner(of: existing) && directory.isPrivate
        let bits: UInt16 = isForeign ? 0o644 : isInForeign ? 0o755 : keepsAll ? 0o7777 : 0o777
        let losesGroup = isForeign ? owner != existing.uid : isInForeign
        return FileAttributes(
            mode: mode ?? existing.mode & bits, uid: uid ?? existing.uid, gid: gid ?? (losesGroup ? nil : existing.gid))
    }

    /// Whether special bits of a file of ours are kept. A file with several names may be a program that somebody has
    /// linked there.
    private func keepsOwner(of status: FileStatus) -> Bool {
        (uid ?? status.uid) == status.uid && (gid ?? status.gid) == status.gid && status.linkCount == 1
    }

    /// The differences between `status` and these attributes.
    package func differences(from status: FileStatus) -> [AttributeDifference] {
        var differences: [AttributeDifference] = []
        if let uid, uid != status.uid { differences.append(.uid(is: status.uid, wanted: uid)) }
        if let gid, gid != status.gid { differences.append(.gid(is: status.gid, wanted: gid)) }
        if let mode, mode != status.mode { differences.append(.mode(is: status.mode, wanted: mode)) }
        return differences
    }
}

extension FileStatus {
    /// Whether setting `attributes` requires a new file: a process that has this one open keeps the access that it had,
    /// even if the new owner or mode do not grant it.
    func isReplaced(for attributes: FileAttributes) -> Bool {
        let losesRights = attributes.mode.map { mode & ~$0 != 0 } ?? false
        return losesRights || attributes.uid.map { $0 != uid } ?? false || attributes.gid.map { $0 != gid } ?? false
    }
}

/// The extended attribute that holds an access list, acl(5).
enum AccessList: String {
    /// The access list of the file or directory itself.
    case access = "system.posix_acl_access"
    /// The access list of files that are created in the directory.
    case `default` = "system.posix_acl_default"
}

/// Owner and group that we were not permitted to set.
struct RefusedOwner: Equatable {
    var uid: UInt32?
    var gid: UInt32?

    /// Bits that would grant the rights of the wrong user or group.
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
    ///
    /// Those of a file that is neither root's nor ours are not carried over, and rights (access lists, capabilities)
    /// only with `withRights` and to a file of the same owner and group.
    func copyAttributes(of file: borrowing FileDescriptor, withRights: Bool) {
        guard let old = try? file.status(), let new = try? status(), Users.isRootOrOurs(old.uid) else { return }
        let keepsRights = withRights && old.uid == new.uid && old.gid == new.gid && old.linkCount == 1
        // A file system without attributes has none to carry over.
        let names = (try? file.attributeNames()) ?? []
        for name in names where !Self.ownAttributes.contains(name) && (keepsRights || !Self.isRight(name)) {
            // Some (`trusted.*`, a foreign label) are the administrator's to set: then the new file has its default.
            guard let value = try? file.attribute(name), value != (try? attribute(name)) else { continue }
            try? setAttribute(name, value)
        }
    }

    /// Removes the access list if owner or group differ from those in `old`, the status before the change.
    func dropRights(ofOwner old: FileStatus) throws(SystemError) {
        let new = try status()
        if old.uid != new.uid || old.gid != new.gid { try removeAccessList(.access) }
    }

    /// Removes the access list, if there is one: the mode alone then says who may do what.
    func removeAccessList(_ list: AccessList) throws(SystemError) {
        do throws(SystemError) {
            try removeAttribute(list.rawValue)
        } catch let error where [Errno.noAttribute, Errno.notSupported].contains(error.code) {
        }
    }

    /// Whether `name` is an access list, of any kind of file system, or holds the capabilities of a program.
    private static func isRight(_ name: String) -> Bool {
        name.hasPrefix("system.") || name == "security.capability"
    }

    /// Attributes that belong to the bytes and not to the file: our mark, and the kernel's checksums.
    private static var ownAttributes: [String] { [ReloadMark.attribute, "security.ima", "security.evm"] }
}
