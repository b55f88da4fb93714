import Posix

/// Temporary files of ours that a kill leaves behind. They are locked while they are in use, so that a later start can
/// recognise and remove the others.
package enum Leftovers {
    static let randomLetters = 10

    /// A new file of mode 0600 in `folder`; its name is `prefix` and random letters.
    package static func create(in folder: Folder, prefix: String) throws(SystemError) -> FileDescriptor {
        while true {
            let file = try created(in: folder, prefix: prefix)
            // Where files cannot be locked they cannot be told apart, and stay.
            guard let isLocked = try? file.lock() else { return file }
            // Before it was locked, another confd that starts just now may have taken it for a leftover: that one locks it, and
            // then removes it.
            if isLocked, try file.status().linkCount > 0 { return file }
            try? folder.unlink(Files.split(file.path ?? "").name)
        }
    }

    /// The error does not have the random name: warnings are given once for each text.
    private static func created(in folder: Folder, prefix: String) throws(SystemError) -> FileDescriptor {
        do throws(SystemError) {
            return try folder.create(prefix: prefix)
        } catch {
            throw SystemError(call: error.call, path: folder.path, code: error.code)
        }
    }

    /// Removes those in `folder` that nobody uses and that are root's or ours; in a directory where only root and we can
    /// write, also those that already had the owner that a resource sets.
    package static func sweep(_ folder: Folder, isOurs: (String) -> Bool) throws(SystemError) {
        let ofAnybody = try folder.isPrivate()
        for entry in try folder.list(where: isOurs) {
            do throws(SystemError) {
                let found = try OwnFile(entry.name, in: folder, ofAnybody: ofAnybody)
                guard case .present(let file) = found, try file.lock() else { continue }
                try folder.unlink(entry.name)
            } catch {
                // Somebody else's, or gone already; the next start tries again.
            }
        }
    }

    /// Whether `name` is one that a destination's candidate has: `.NAME.confd-` and random letters.
    package static func isCandidate(_ name: String) -> Bool {
        name.hasPrefix(".") && hasRandomEnd(name, after: ".confd-")
    }

    /// Whether `name` is that of a file that tells a command what changed, or of a staged one of a destination that is a
    /// stream.
    package static func isTemporary(_ name: String) -> Bool {
        ["confd-changes-", "confd-stage-"].contains { name.hasPrefix($0) && hasRandomEnd(name, after: $0) }
    }

    private static func hasRandomEnd(_ name: String, after word: String) -> Bool {
        let end = name.suffix(randomLetters)
        return end.utf8.count == randomLetters && name.dropLast(randomLetters).hasSuffix(word)
            && end.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
    }
}
