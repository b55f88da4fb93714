import KeyValue
import Posix

/// Keys from YAML and JSON files: nested mappings are paths, places in lists are path elements.
/// Mirrors confd's backend `file`.
package struct FileBackend: Backend {
    /// Files that are larger are refused.
    static let maximumFileSize = MemoryLimit.bounded(256 << 20, to: 8)

    let paths: [String]
    private let filter: String
    let warnings: Warnings

    /// `paths` are files, or directories whose files count, at any depth, if `filter` (Go's `filepath.Match`) matches
    /// their base name. `warn` logs a warning.
    package init(
        paths: [String], filter: String = "*", warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.paths = paths
        self.filter = filter
        warnings = Warnings(warn)
    }

    /// Reads all files; of a key that several files have, the last file's value counts. Local files answer or fail at once, so
    /// `timeout` is not used. Throws at the first file that cannot be read in full.
    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        Snapshot(try pairs(of: ranges))
    }

    func pairs(of ranges: [KeyRange]) throws(BackendError) -> [KeyTree.Pair] {
        var pairs: [KeyTree.Pair] = []
        let wanted = KeyRangeSet(ranges)
        do throws(FileError) {
            for path in try files() { pairs += try self.pairs(inFile: path).filter { wanted.contains($0.key) } }
        } catch {
            throw error.backendError
        }
        return pairs
    }

    /// The files to read, in the order in which later ones win.
    private func files() throws(FileError) -> [String] {
        var files: [String] = []
        for path in paths {
            // A path that is given may be anything readable: a pipe, `/dev/stdin`.
            if try status(path).kind == .folder {
                files += try self.files(inFolder: path)
            } else {
                files.append(path)
            }
        }
        return files
    }

    private func files(inFolder folder: String) throws(FileError) -> [String] {
        let pattern = Array(filter.utf8).withUnsafeBufferPointer(Glob.init)
        if pattern.isMalformed { throw FileError(path: filter, position: nil, kind: .malformedFilter) }
        let tree = Files.tree(folder)
        if let error = tree.errors.first { throw FileError(path: folder, position: nil, kind: .system(error)) }
        let files = tree.files.filter { path in
            Array(Files.split(path).name.utf8).withUnsafeBufferPointer(pattern.matches)
        }
        for file in files where try status(file).kind != .regular {
            // A pipe that nobody writes to would block us forever.
            throw FileError(path: file, position: nil, kind: .notRegular)
        }
        return files
    }

    private func status(_ path: String) throws(FileError) -> FileStatus {
        do throws(SystemError) {
            return try Files.status(path)
        } catch {
            throw FileError(path: path, position: nil, kind: .system(error))
        }
    }

    /// JSON by its extension, all else is YAML as with confd.
    private func pairs(inFile path: String) throws(FileError) -> [KeyTree.Pair] {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try Files.readWhenStable(path, limit: Self.maximumFileSize, takesPipes: true)
        } catch {
            throw FileError(path: path, position: nil, kind: .system(error))
        }
        do throws(ContentError) {
            if path.hasSuffix(".json") { return try JSONReader.pairs(bytes) }
            return try YAMLReader.pairs(bytes) { oddity, position in
                warnings.issue("\(path):\(position.line):\(position.column): \(oddity.text)")
            }
        } catch {
            throw FileError(path: path, position: error.position, kind: error.kind)
        }
    }
}

extension FileBackend {
    /// What is wrong with the content of the files, each file by itself. Files that are not there now are no error, and neither
    /// pipes nor devices are read.
    func contentErrors() -> [BackendError] {
        var errors: [BackendError] = []
        for path in paths {
            do throws(FileError) {
                let kind = try? Files.status(path).kind
                guard kind == .folder || kind == .regular else { continue }
                for file in try kind == .folder ? files(inFolder: path) : [path] {
                    do throws(FileError) { _ = try pairs(inFile: file) } catch { errors.append(error.backendError) }
                }
            } catch {
                errors.append(error.backendError)
            }
        }
        return errors
    }
}

extension YAMLReader.Oddity {
    fileprivate var text: String {
        switch self {
        case .secondDocument: "a second YAML document begins here, and only the first is read"
        case .repeatedKey(let key):
            "the key \"\(String(decoding: key, as: UTF8.self))\" stands in this mapping for the second time, and the last one counts"
        }
    }
}
