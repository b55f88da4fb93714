import Posix

/// A folder that is removed with all it holds.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws { path = try Files.makeTemporaryFolder(in: "/tmp", prefix: "confd-posix-") }

    deinit {
        // A test may have removed some of it.
        let tree = Files.tree(path)
        for file in tree.files { try? Files.unlink(file) }
        for link in links(tree) { try? Files.unlink(link) }
        for folder in tree.folders.reversed() { try? Files.removeFolder(folder) }
    }

    /// Links to folders, which the tree leaves out.
    private func links(_ tree: FolderTree) -> [String] {
        tree.folders.flatMap { folder in
            ((try? Files.list(folder)) ?? []).filter { $0.kind == .symbolicLink }.map { Files.join(folder, $0.name) }
        }
    }

    /// The path of `name` in the folder.
    func callAsFunction(_ name: String) -> String { Files.join(path, name) }

    /// Writes a file into it and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: UInt16 = 0o644) throws -> String {
        let path = self(name)
        try Files.write(Array(text.utf8), to: path, mode: mode)
        try Files.setMode(path, mode)
        return path
    }
}
