import Posix

/// Files and directories that every user may write: such a user can decide what confd writes and which commands it
/// runs.
package enum WorldWritable {
    /// A warning for each of `paths` that is one, in their order; a path that does not exist has none.
    package static func warnings(_ paths: [String]) -> [ResourceError] {
        var seen: Set<String> = []
        return paths.filter { seen.insert($0).inserted && isWorldWritable($0) }.map { path in
            ResourceError(path, nil, .writableForAll)
        }
    }

    private static func isWorldWritable(_ path: String) -> Bool {
        // A file that cannot be looked at is reported where it is read.
        guard let status = try? Files.status(path) else { return false }
        return [.regular, .folder].contains(status.kind) && status.mode & 0o002 != 0
    }
}
