import Posix

/// The names that lead to a file: its own, and those of all symbolic links on the way. When one of them changes, the
/// file may be another one (editors rename, Kubernetes swaps a link).
struct FileTrail {
    /// As many links as the kernel follows.
    private static let linkLimit = 40

    /// The paths of the entries, as they are in their folders.
    private(set) var names: Set<String> = []
    /// The folders to watch for them.
    var folders: Set<String> { Set(names.map { Files.split($0).folder }) }

    init(to path: String) {
        var links = 0
        follow(path, &links)
    }

    private mutating func follow(_ path: String, _ links: inout Int) {
        var prefix = path.hasPrefix("/") ? "/" : "."
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            let entry = Files.join(prefix, String(part))
            // What is not there is a name to wait for.
            guard let target = try? Files.readLink(entry) else {
                prefix = entry
                continue
            }
            names.insert(entry)
            links += 1
            if links > Self.linkLimit { return }
            let rest = parts[(index + 1)...].joined(separator: "/")
            let leads = target.hasPrefix("/") ? target : Files.join(prefix, target)
            return follow(rest.isEmpty ? leads : Files.join(leads, rest), &links)
        }
        names.insert(prefix)
    }
}
