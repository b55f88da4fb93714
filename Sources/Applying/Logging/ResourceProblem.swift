import Configuration

/// Something that is wrong with the resource files.
package enum ResourceProblem {
    /// A file, or one `[template]` of it, cannot be used.
    case unusable(ResourceError)
    /// Probably a mistake, and no reason to leave it out.
    case odd(ResourceError)
    /// As `odd`, but reported by `-validate` only.
    case advice(ResourceError)
    /// The directory has no resource files; `misplaced` looks like one that belongs there.
    case noFiles(folder: String, misplaced: String?)
    /// The directory cannot be read.
    case noFolder(ResourceError)

    /// What is wrong with the files below conf.d.
    package static func all(of loading: Result<ResourceLoader.Result, ResourceError>, in folder: String)
        -> [ResourceProblem]
    {
        switch loading {
        case .failure(let error): [.noFolder(error)]
        case .success(let loaded):
            loaded.errors.map { .unusable($0) } + loaded.warnings.map { .odd($0) } + loaded.advice.map { .advice($0) }
                + (loaded.fileCount == 0 ? [.noFiles(folder: folder, misplaced: loaded.misplaced)] : [])
        }
    }

    /// The text by which a repeated problem is recognised.
    package var text: String {
        switch self {
        case .unusable(let error), .odd(let error), .advice(let error), .noFolder(let error): error.text
        case .noFiles(let folder, _): "Found no templates in \(folder)"
        }
    }

    /// How to mend it, where nothing else says so.
    package var hint: String? {
        guard case .noFiles(let folder, let misplaced) = self else { return nil }
        return misplaced.map { "\($0) looks like a resource file: move it to \(folder)" }
            ?? "resource files are in \(folder), and their names end in .toml"
    }
}

extension Logger {
    /// Logs `problems`, but for those whose text is in `known`: warnings first, then errors.
    package func report(_ problems: [ResourceProblem], known: Set<String> = []) {
        let new = problems.filter { !known.contains($0.text) }
        for case .odd(let warning) in new { self.warning(warning.summary, warning) }
        for problem in new {
            switch problem {
            case .unusable(let error): self.error("Cannot process template resource \(error.summary)", error)
            case .noFiles: warning(problem.text, LogFields().explained(hint: problem.hint))
            case .noFolder(let error): self.error("Cannot load template resources: \(error.summary)", error)
            case .odd, .advice: continue
            }
        }
    }
}
