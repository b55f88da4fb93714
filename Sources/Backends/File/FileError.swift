import Diagnostics
import Posix

/// Why a file of a `FileBackend` cannot be used. Values never appear in it.
struct FileError: Error, Equatable {
    /// A place in a file.
    typealias Position = TextPosition

    enum Kind: Equatable {
        case system(SystemError)
        /// Waiting for changes of the files failed.
        case notWatched(SystemError)
        case notRegular
        case malformedFilter

        /// libyaml's or the JSON parser's words.
        case syntax(String)
        case rootNotMapping(found: NodeType)
        case compositeKey(NodeType)
        case unknownAnchor(String)
        case anchorContainsItself
        case mergeOfNonMapping
        case tagMismatch(tag: String)
        case invalidBase64
        case nestedTooDeep(limit: Int)
        case tooManyAliases(limit: Int)
        case tooManyBytes(limit: Int)
    }

    enum NodeType: String, Equatable {
        case scalar = "a single value"
        case sequence = "a list"
        case mapping = "a mapping"
    }

    /// The file or directory; the pattern of a malformed filter.
    let path: String
    let position: Position?
    let kind: Kind
}

extension FileError {
    /// The error as the program shows it: `path:line:column: what`.
    var backendError: BackendError {
        switch kind {
        // Its message names the path, and the file may be there at the next try.
        case .system: BackendError(.unreachable, what)
        case .notWatched: BackendError(.configuration, what)
        default: BackendError(.configuration, location + ": " + what, hint: hint)
        }
    }

    private var location: String {
        position.map { "\(path):\($0.line):\($0.column)" } ?? path
    }

    private var what: String {
        switch kind {
        case .system(let error): error.message
        case .notWatched(let error): "cannot wait for changes of the files of the file backend: \(error.message)"
        case .notRegular: "not a regular file"
        case .malformedFilter: "-filter is not a pattern"
        case .syntax(let message): message
        case .rootNotMapping(let found): "expected a mapping at the top level, found \(found.rawValue)"
        case .compositeKey(let found): "expected a key, found \(found.rawValue)"
        case .unknownAnchor(let name): "unknown anchor \"\(name)\""
        case .anchorContainsItself: "the anchor of this alias contains the alias"
        case .mergeOfNonMapping: "\"<<\" needs a mapping or a list of mappings"
        case .tagMismatch(let tag): "the value is not of its type \"\(tag)\""
        case .invalidBase64: "the value of \"!!binary\" is not base64"
        case .nestedTooDeep(let limit): "mappings and lists are nested more than \(limit) levels deep"
        case .tooManyAliases(let limit): "aliases stand for more than \(limit) values"
        case .tooManyBytes(let limit): "keys and values take more than \(limit) bytes"
        }
    }

    private var hint: String? {
        switch kind {
        case .malformedFilter: "close every \"[\" and let no \"\\\" stand at the end"
        case .notRegular: "name it with -file, or leave it out with -filter"
        default: nil
        }
    }
}

/// An error in the content of a file.
struct ContentError: Error, Equatable {
    let kind: FileError.Kind
    let position: FileError.Position

    init(_ kind: FileError.Kind, at position: FileError.Position) {
        self.kind = kind
        self.position = position
    }
}
