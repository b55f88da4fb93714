import Posix

/// A directory that is removed with everything in it.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// A new directory in `parent`.
    package init(in parent: String = "/tmp") throws {
        path = try Files.makeTemporaryFolder(in: parent, prefix: "confd-test-")
    }

    deinit {
        // Errors are ignored: a test may have removed some of it. `tree.files` lacks links to directories, so each
        // folder is listed again.
        let tree = Files.tree(path)
        for directory in tree.folders {
            for entry in (try? Files.list(directory)) ?? [] where entry.kind != .folder {
                try? Files.unlink(Files.join(directory, entry.name))
            }
        }
        for directory in tree.folders.reversed() { try? Files.removeFolder(directory) }
    }

    /// The path of `name` in the directory.
    package func callAsFunction(_ name: String) -> String { Files.join(path, name) }

    /// The names in it.
    package var names: [String] { (try? Files.list(path).map { $0.name }) ?? [] }

    /// Writes a file into it and returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: UInt16 = 0o644) throws -> String {
        let path = self(name)
        try Files.write(Array(text.utf8), to: path)
        try Files.setMode(path, mode)
        return path
    }

    /// The text of the file `name`, nil if there is none.
    package func text(_ name: String) -> String? {
        (try? Files.read(self(name))).map { String(decoding: $0, as: UTF8.self) }
    }
}
