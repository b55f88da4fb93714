import Posix

/// The file that a resource writes, with every symbolic link at its end followed.
package struct Destination: Equatable, Sendable {
    /// The path as the resource names it; log lines use this one.
    package let path: String
    /// The file that is replaced: `path`, or what the link at `path` leads to. It need not exist.
    package let target: String

    /// As many links as the kernel follows.
    private static let linkLimit = 40

    /// Follows the links at `path`.
    ///
    /// Throws for an empty path, a loop of links, and a link in a world-writable sticky folder that neither we nor
    /// the folder's owner made (what the kernel's `fs.protected_symlinks` refuses to follow).
    package init(resolving path: String) throws(StagingError) {
        var target = path
        var links = 0
        while let next = try Self.linked(target, path) {
            target = next
            links += 1
            if links > Self.linkLimit { throw StagingError(.linkLoop, path) }
        }
        let name = Files.split(target).name
        if ["", ".", ".."].contains(name) { throw StagingError(.noFileName, path) }
        self.path = path
        self.target = target
    }

    /// The target's folder.
    var folderPath: String { Files.split(target).folder }

    /// The target's name in its folder.
    var name: String { Files.split(target).name }

    /// The name of a hidden file beside the target that is named after it, no longer than names may be.
    /// `room` is for what is added to it.
    func companion(_ suffix: String, room: Int = 0) -> String {
        let limit = 255 - 1 - suffix.utf8.count - room
        if name.utf8.count <= limit { return "." + name + suffix }
        // Long names that begin alike stay apart by their checksum.
        let checksum = MD5.hex(name.utf8).prefix(8)
        return "." + String(decoding: name.utf8.prefix(limit - 32), as: UTF8.self) + "-" + checksum + suffix
    }

    /// How the names of temporary files in the target's folder begin.
    var candidatePrefix: String { companion(".confd-", room: Leftovers.randomLetters) }

    /// What the link at `path` leads to, nil if there is no link.
    private static func linked(_ path: String, _ dest: String) throws(StagingError) -> String? {
        let (folder, name) = Files.split(path)
        guard !name.isEmpty, let status = try entry(path, dest), status.kind == .symbolicLink else { return nil }
        let parent = try staging(dest, StagingError.Kind.resolve) { () throws(SystemError) in try Files.status(folder) }
        let isShared = parent.mode & 0o1002 == 0o1002
        if isShared && status.uid != Users.effectiveUID && status.uid != parent.uid {
            throw StagingError(.untrustedLink(path: path, owner: status.uid), dest)
        }
        let content = try staging(dest, StagingError.Kind.resolve) { () throws(SystemError) in try Files.readLink(path)
        }
        return content.hasPrefix("/") ? content : Files.join(folder, content)
    }

    private static func entry(_ path: String, _ dest: String) throws(StagingError) -> FileStatus? {
        do throws(SystemError) {
            return try Files.linkStatus(path)
        } catch {
            switch error.code {
            case Errno.noSuchFile, Errno.notAFolder: return nil
            case Errno.tooManyLinks: throw StagingError(.linkLoop, dest)
            default: throw StagingError(.resolve(error), dest)
            }
        }
    }
}

// MARK: Reading

extension Destination {
    /// The target's bytes, nil when there is no file (for diffs and for `rollback`).
    package func read() throws(StagingError) -> [UInt8]? {
        guard let file = try openTarget() else { return nil }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in try file.readAll() }
    }

    /// The target opened for reading, nil when there is no file.
    func openTarget() throws(StagingError) -> FileDescriptor? {
        guard try existing() != nil else { return nil }
        return try staging(path, StagingError.Kind.read) { () throws(SystemError) in
            try FileDescriptor(opening: target, [.read, .noFollow])
        }
    }

    /// The target's status, nil when there is no file; throws if it is no regular file.
    func existing() throws(StagingError) -> FileStatus? {
        guard let status = try Self.entry(target, path) else { return nil }
        if status.kind != .regular { throw StagingError(.notAFile(status.kind), path) }
        return status
    }

    /// The target's folder, for all that is done beside it.
    func openFolder() throws(StagingError) -> Folder {
        do throws(SystemError) {
            return try Folder(folderPath)
        } catch {
            throw cannotCreate(error)
        }
    }

    /// Why nothing can be created beside the target.
    func cannotCreate(_ error: SystemError) -> StagingError {
        StagingError(
            error.code == Errno.noSuchFile
                ? .folderMissing(folderPath)
                : .create(error, folder: folderPath, uid: Users.effectiveUID), path)
    }
}

// MARK: Changing what is there

extension Destination {
    /// Creates the missing folders above the target, mode 0755 less the umask (`make_dirs`).
    package func makeFolders() throws(StagingError) {
        var missing: [String] = []
        var folder = folderPath
        while !Files.exists(folder) {
            missing.append(folder)
            folder = Files.split(folder).folder
        }
        for folder in missing.reversed() {
            do throws(SystemError) {
                try Files.makeFolder(folder)
                try Folder(Files.split(folder).folder).synchronize()
            } catch let error where error.code == Errno.exists {
                // Somebody else was faster.
                continue
            } catch {
                throw StagingError(.makeFolder(error), path)
            }
        }
    }

    /// Sets mode and owner of the existing target in place, for `Comparison.attributesDiffer`.
    ///
    /// What we are not permitted to change is a warning, so that a pass ends in sync: warn once, do not retry.
    package func correctAttributes(_ attributes: FileAttributes) throws(StagingError) -> [StagingWarning] {
        guard let file = try openTarget() else { return [] }
        return try staging(path, StagingError.Kind.attributes) { () throws(SystemError) in
            // Set after the owner, because a new owner clears setuid and setgid.
            let before = try file.status().mode
            let wanted = attributes.mode ?? before
            let refused = try file.changeOwner(attributes)
            var warnings = refused.warnings(path)
            let mode = wanted & ~refused.unsafeModeBits
            if try file.status().mode != mode {
                do throws(SystemError) {
                    try file.setMode(mode)
                } catch let error where error.code == Errno.notPermitted {
                    warnings.append(.modeNotPermitted(dest: path, mode: mode))
                }
            }
            try file.synchronize()
            return warnings
        }
    }
}
