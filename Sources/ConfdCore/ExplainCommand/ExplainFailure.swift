import Applying
import Configuration
import Posix
import Primitives

/// Why nothing is explained.
enum ExplainFailure: Error {
    case problem(ExplainProblem)
    /// It has been logged; the exit code.
    case logged(Int32)

    var exitCode: Int32 {
        switch self {
        case .problem(.control), .problem(.noControl): ExitCode.backend
        case .problem(.notWritten): ExitCode.failed
        case .problem: ExitCode.usage
        case .logged(let code): code
        }
    }
}

enum ExplainProblem: Equatable {
    /// No resource writes this file.
    case noDestination(String, suggestion: String?)
    /// The file is in the directory of a resource with `for_each`, but no item has it.
    case noItemOfFile(String, resource: String)
    case item(ItemChoiceError)
    case noLine(String, line: Int, count: Int)
    case noColumn(String, line: Int, column: Int, count: Int)
    /// `-key` with what is no key.
    case notKey(String)
    /// No resource sees the key.
    case unseenKey(String)
    /// A resource would see the key, but the key is not there, and no line depends on that.
    case noKey(String, suggestion: String?)
    case lineWithKey
    case control(DaemonClient.Problem, socket: String)
    case noControl
    case notWritten(SystemError)
}

extension ExplainProblem: LogSubject {
    var logFields: LogFields {
        if case .item(let error) = self { return error.logFields }
        return LogFields().explained(hint: hint)
    }

    var message: String {
        switch self {
        case .noDestination(let path, _): "no resource writes \(path)"
        case .noItemOfFile(let path, let resource): "no item of \(resource) has the file \(path) now"
        case .item(let error): error.message
        case .noLine(let path, let line, let count):
            "\(path):\(line): there is no such line: it has \(count == 1 ? "one line" : "\(count) lines")"
        case .noColumn(let path, let line, let column, let count):
            "\(path):\(line):\(column): there is no such column: the line has \(count == 1 ? "one byte" : "\(count) bytes")"
        case .notKey(let key): "-key: not a key: \"\(key)\""
        case .unseenKey(let key): "-key: no resource sees it: \"\(key)\""
        case .noKey(let key, _): "-key: there is no such key: \"\(key)\""
        case .lineWithKey: "-key asks for all lines, not for one"
        case .control(let problem, let socket):
            String(problem.message(socket).split(separator: "\n").first ?? "")
        case .noControl: "no confd answers"
        case .notWritten(let error): "cannot write to standard output: \(error.reason)"
        }
    }

    private var hint: String? {
        switch self {
        case .noDestination(_, let suggestion):
            suggestion.map { "did you mean \"\($0)\"?" } ?? "it is the dest of a resource, with the line after a colon"
        case .noItemOfFile(_, let resource):
            "its key is gone, and it stays because its removal is held (confd release \(ShellQuote.quote(resource))), because it has been edited, or because "
                + "prune is not set: the log and confd status say which"
        case .notKey: "a key begins with a slash, as /app/name"
        case .unseenKey: "the keys of a resource are those below its `keys` and `prefix`"
        case .noKey(_, let suggestion):
            suggestion.map { "did you mean \"\($0)\"?" } ?? "-what-if VALUE says what it would change"
        case .control(let problem, let socket):
            problem.message(socket).split(separator: "\n").dropFirst().first.map {
                String($0.dropFirst("hint: ".count))
            }
        case .item, .noLine, .noColumn, .lineWithKey, .noControl, .notWritten: nil
        }
    }
}
