import Posix

/// A candidate beside its destination, complete on disk with its owner and mode; dropping it unlinks it.
package struct StagedFile: ~Copyable {
    /// The candidate's path: `.NAME.confd-` and random letters, in the target's directory.
    package let path: String
    /// Attributes that could not be carried over; log each text once.
    package let warnings: [StagingWarning]

    private let destination: Destination
    private let attributes: FileAttributes
    private let keep: Bool
    private let content: [UInt8]
    private var candidate: Candidate

    /// Writes `content` to a new file, mode 0600 until owner and mode are set, and syncs it to disk.
    ///
    /// With `keep` the file stays under `path` whatever happens to it (`-keep-stage-file`), and has a name that
    /// `Leftovers.sweep` does not remove.
    package init(
        _ content: [UInt8], for destination: Destination, attributes: FileAttributes, keep: Bool = false
    ) throws(StagingError) {
        try destination.refuseAppendOnlyFolder()
        let existing = try destination.existing()
        let folder = try destination.openFolder()
        var candidate: Candidate
        do throws(SystemError) {
            candidate = try Candidate(
                in: folder,
                prefix: keep ? destination.companion(".", room: Leftovers.randomLetters) : destination.candidatePrefix)
        } catch {
            throw destination.cannotCreate(error)
        }
        var completed = attributes
        let refused = try staging(destination.path, StagingError.Kind.write) { () throws(SystemError) in
            completed = attributes.completed(from: existing, in: try folder.status())
            return try candidate.fill(content, completed, like: destination)
        }
        if keep { candidate.keep() }
        path = candidate.path
        warnings = refused.warnings(destination.path)
        self.destination = destination
        self.attributes = completed
        self.keep = keep
        self.content = content
        self.candidate = candidate
    }

    /// The status of the candidate: its mode and owner may not be those asked for.
    func status() throws(StagingError) -> FileStatus {
        try staging(destination.path, StagingError.Kind.write) { () throws(SystemError) in try candidate.file.status() }
    }

    /// Runs `check` with the path of the candidate; when it throws, the candidate is gone (unless kept).
    package consuming func check<Failure: Error>(
        _ check: (String) throws(Failure) -> Void
    ) throws(Failure) -> CheckedFile {
        try check(path)
        return passed(content)
    }

    /// The candidate of a resource that has no check command.
    package consuming func withoutCheck() -> CheckedFile { passed(nil) }

    private consuming func passed(_ checkedContent: [UInt8]?) -> CheckedFile {
        CheckedFile(
            destination: destination, attributes: attributes, keep: keep, checkedContent: checkedContent,
            earlierWarnings: warnings, candidate: candidate)
    }
}
