/// Everything that decides where paths lead: the directories that they pass through, symbolic links resolved, and the
/// names in those directories that were looked up on the way.
///
/// When one of the names is created, removed, renamed or replaced, a path may lead to another file: deployments exchange
/// a link or a directory, Kubernetes replaces the link `..data`, editors rename a new file over the old one.
package struct PathTrail: Equatable, Sendable {
    /// The object that a path names; a link itself is not followed.
    package enum Entry: Equatable, Sendable {
        case directory
        /// A symbolic link and what it holds.
        case link(String)
        /// Any other file.
        case file
        case missing
    }

    /// As many links as the kernel follows (`MAXSYMLINKS`).
    private static let linkLimit = 40

    /// The directories without links in their paths, each once; a directory comes after the one that it was found in.
    package private(set) var directories: [String] = []
    /// The paths of the names that were looked up, each `DIRECTORY/NAME` with one of `directories`.
    package private(set) var entries: Set<String> = []
    private var known: [String: Entry] = [:]
    private let entry: @Sendable (String) -> Entry

    /// An empty trail; `entry` says what a path names, and is called once for each path.
    package init(_ entry: @escaping @Sendable (String) -> Entry = PathTrail.entry) { self.entry = entry }

    /// Follows `path`, relative ones from the working directory, as far as it leads. Returns where it ends, without
    /// links, or nil if there is nothing.
    package mutating func follow(_ path: String) -> (path: String, entry: Entry)? {
        var directory = path.hasPrefix("/") ? "/" : "."
        pass(directory)
        // The names still to be looked up, the next one last.
        var names = Self.names(of: path)
        var links = 0
        while let name = names.popLast() {
            if name == "." { continue }
            if name == ".." {
                directory = Self.parent(of: directory)
                pass(directory)
                continue
            }
            let path = Files.join(directory, String(name))
            switch look(path) {
            case .directory:
                directory = path
                pass(directory)
            case .link(let target):
                links += 1
                if links > Self.linkLimit { return nil }
                if target.hasPrefix("/") {
                    directory = "/"
                    pass(directory)
                }
                names += Self.names(of: target)
            case .file: return names.isEmpty ? (path, .file) : nil
            case .missing: return nil
            }
        }
        return (directory, .directory)
    }

    /// Adds `directory` with all names in it, for a caller that has listed it.
    package mutating func pass(_ directory: String) {
        if known.updateValue(.directory, forKey: directory + "/") == nil { directories.append(directory) }
    }

    private mutating func look(_ path: String) -> Entry {
        entries.insert(path)
        if let entry = known[path] { return entry }
        let entry = self.entry(path)
        known[path] = entry
        return entry
    }

    private static func names(of path: String) -> [Substring] { path.split(separator: "/").reversed() }

    /// Where `..` leads from a directory whose path has no links.
    private static func parent(of directory: String) -> String {
        switch directory {
        case "/": "/"
        case ".": ".."
        case _ where directory.hasSuffix(".."): directory + "/.."
        default: Files.split(directory).folder
        }
    }

    /// The object that `path` names in the file system; one that cannot be looked at counts as missing.
    package static func entry(_ path: String) -> Entry {
        do throws(SystemError) {
            switch try Files.linkStatus(path).kind {
            case .folder: return .directory
            case .symbolicLink: return .link(try Files.readLink(path))
            default: return .file
            }
        } catch {
            return .missing
        }
    }

    package static func == (left: PathTrail, right: PathTrail) -> Bool {
        left.directories == right.directories && left.entries == right.entries && left.known == right.known
    }
}
