import Posix

/// Files and directories that everybody may write: who does so decides what is written and which commands run.
package enum WorldWritable {
    /// A warning for each of `paths` that is one, in their order; a path that does not exist has none.
    package static func warnings(_ paths: [String]) -> [ResourceError] {
        var seen: Set<String> = []
        return paths.filter { seen.insert($0).inserted && isWorldWritable($0) }.map { path in
            ResourceError(path, nil, .writableForAll)
        }
    }

    private static func isWorldWritable(_ path: String) -> Bool {
        // Why it cannot be read is reported where it is used.
        guard let status = try? Files.status(path) else { return false }
        return [.regular, .folder].contains(status.kind) && status.mode & 0o002 != 0
    }
}
