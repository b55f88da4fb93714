import Diagnostics
import KeyValue
import Posix
import TextTemplate

/// A directory with keys, and the files or the error that templates have to make of them.
struct TestCase {
    /// Its directory's name.
    let name: String
    let folder: String
    /// `keys.yaml` or `keys.json`; nil if there are no keys.
    let keys: String?
    /// The environment, from `env`.
    let variables: [String: String]
    /// The time that the clock shows.
    let now: Time
    /// The files below `expected`, by the `dest` that each is to be compared with.
    let expected: [String: String]
    /// Text that an error has to contain, from `error`.
    let error: String?

    /// Where expected files are.
    var expectedFolder: String { Files.join(folder, "expected") }

    /// A `dest` as the paths below `expected` stand for it: absolute and clean.
    static func path(of destination: String) -> String {
        String(decoding: Path.join([Array("/".utf8), Array(destination.utf8)]), as: UTF8.self)
    }
}

extension TestCase {
    private static let keyFiles = ["keys.yaml", "keys.json"]
    private static let otherFiles = ["env", "now", "expected", "error"]
    private static let largestFile = 1 << 20
    /// 2000-01-01 00:00:00 UTC.
    private static let standardTime = 946_684_800

    /// Whether the directory `folder` is a case, and not one of cases.
    static func isCase(_ folder: String) -> Bool {
        (keyFiles + ["expected", "error"]).contains { Files.exists(Files.join(folder, $0)) }
    }

    /// Reads the case in `folder`. A name that means nothing in a case is an error: it is probably misspelled.
    init(_ folder: String) throws(TestCaseError) {
        self.folder = folder
        name = Files.split(folder).name
        var names: [String] = []
        for entry in try reading(folder, { () throws(SystemError) in try Files.list(folder) }) {
            if entry.name.hasPrefix(".") || entry.name.hasSuffix(".md") { continue }
            let known = Self.keyFiles + Self.otherFiles
            guard known.contains(entry.name) else {
                let near = Suggestion.nearest(to: entry.name, among: known)
                throw TestCaseError(.unknownFile(suggestion: near), at: Location(Files.join(folder, entry.name)))
            }
            names.append(entry.name)
        }
        let keyNames = names.filter(Self.keyFiles.contains)
        if keyNames.count > 1 { throw TestCaseError(.severalKeyFiles, at: Location(folder)) }
        keys = keyNames.first.map { Files.join(folder, $0) }
        func text(_ name: String) throws(TestCaseError) -> String? {
            guard names.contains(name) else { return nil }
            let path = Files.join(folder, name)
            let bytes = try reading(path) { () throws(SystemError) in try Files.read(path, limit: Self.largestFile) }
            return String(decoding: bytes, as: UTF8.self)
        }
        variables = try Self.variables(try text("env") ?? "", Files.join(folder, "env"))
        now = try Self.time(try text("now"), Files.join(folder, "now"))
        error = try text("error").map { $0.trimmed }
        if error == "" { throw TestCaseError(.emptyError, at: Location(Files.join(folder, "error"))) }
        expected = names.contains("expected") ? try Self.expectedFiles(Files.join(folder, "expected")) : [:]
    }

    private static func expectedFiles(_ folder: String) throws(TestCaseError) -> [String: String] {
        let tree = Files.tree(folder)
        if let error = tree.errors.first { throw TestCaseError(.unreadable(error), at: Location(folder)) }
        var files: [String: String] = [:]
        for path in tree.files { files[TestCase.path(of: String(path.dropFirst(folder.count)))] = path }
        return files
    }

    /// Lines `NAME=value`; a value is taken as it stands. Empty lines and those that begin with `#` are skipped.
    private static func variables(_ text: String, _ path: String) throws(TestCaseError) -> [String: String] {
        var variables: [String: String] = [:]
        // By bytes, for "\r\n" is one `Character`.
        for (number, line) in zip(
            1..., text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false))
        {
            let line = Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
            if line.trimmed.isEmpty || line.hasPrefix("#") { continue }
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
                throw TestCaseError(.notVariable, at: Location(path, line: number, column: 1))
            }
            variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        return variables
    }

    private static func time(_ text: String?, _ path: String) throws(TestCaseError) -> Time {
        guard let text else { return Time(unixSeconds: standardTime, nanoseconds: 0, local: .utc) }
        guard let seconds = InternetTime.parse(text.trimmed) else {
            throw TestCaseError(.notTime, at: Location(path, line: 1, column: 1))
        }
        return Time(unixSeconds: seconds, nanoseconds: 0, local: .utc)
    }
}

/// Runs `body`; a system call that fails in it becomes the error of what is at `path`.
private func reading<Result>(
    _ path: String, _ body: () throws(SystemError) -> Result
) throws(TestCaseError) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw TestCaseError(.unreadable(error), at: Location(path))
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    fileprivate var trimmed: String {
        var scalars = Substring(self).unicodeScalars
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        return String(scalars)
    }
}

/// Why a case cannot be run.
struct TestCaseError: Error, Equatable {
    enum Kind: Equatable {
        case unreadable(SystemError)
        case unknownFile(suggestion: String?)
        case severalKeyFiles
        case notVariable
        case notTime
        case emptyError
    }

    let kind: Kind
    let location: Location

    init(_ kind: Kind, at location: Location) {
        self.kind = kind
        self.location = location
    }

    var report: ErrorReport {
        switch kind {
        case .unreadable(let error): ErrorReport(error.reason, at: location)
        case .unknownFile(let near):
            ErrorReport(
                "there is no such file in a case", at: location,
                hint: near.map { "did you mean \"\($0)\"?" }
                    ?? "a case has keys.yaml or keys.json, env, now, error and expected/")
        case .severalKeyFiles: ErrorReport("there is both keys.yaml and keys.json", at: location)
        case .notVariable: ErrorReport("this is not NAME=value", at: location)
        case .notTime: ErrorReport("this is not a time", at: location, hint: "for example 2026-01-31T12:00:00Z")
        case .emptyError: ErrorReport("it is empty, and any error would do", at: location)
        }
    }
}
