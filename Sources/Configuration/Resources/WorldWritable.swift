import Posix

/// Files and folders that anybody may write: whoever does decides what is written and which commands run.
package enum WorldWritable {
    /// A warning for each of `paths` that is one, in their order; what is not there is left out.
    package static func warnings(_ paths: [String]) -> [ResourceError] {
        var seen: Set<String> = []
        return paths.filter { seen.insert($0).inserted && isWorldWritable($0) }.map { path in
            ResourceError(
                path, nil, "is writable for everybody, who can so choose the commands that confd runs",
                hint: "chmod o-w \(path)")
        }
    }

    private static func isWorldWritable(_ path: String) -> Bool {
        // Why it cannot be used is said elsewhere.
        guard let status = try? Files.status(path) else { return false }
        return [.regular, .folder].contains(status.kind) && status.mode & 0o002 != 0
    }
}
