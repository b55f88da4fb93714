import Applying
import Configuration
import Diagnostics
import Posix

/// The answer to `confd clean RESOURCE`.
enum CleanAnswer: Equatable, Sendable {
    case done(removed: Int, kept: Int, failure: String?)
    /// The resource is in conf.d: it would write its files again.
    case inUse
    /// No files of such a resource are known.
    case unknown

    init(_ journal: ItemJournal) {
        if journal.manifest.files.isEmpty {
            self = .unknown
        } else {
            let cleanup = ItemCleanup(journal)
            self = .done(removed: cleanup.removed, kept: cleanup.kept, failure: cleanup.failures.first)
        }
    }

    /// Whether nothing was tried.
    var isRefusal: Bool {
        switch self {
        case .done: false
        case .inUse, .unknown: true
        }
    }

    /// Whether nothing failed.
    var isComplete: Bool { if case .done(_, _, nil) = self { true } else { false } }

    func message(_ resource: String) -> String {
        switch self {
        case .done(let removed, let kept, let failure):
            "\(resource): \(removed) \(removed == 1 ? "file" : "files") removed"
                + (kept > 0 ? ", \(kept) kept that confd has not written" : "") + (failure.map { "; \($0)" } ?? "")
        case .inUse: "\(resource) is in conf.d\nhint: remove its resource file first"
        case .unknown: "no files of items of \"\(resource)\" are known"
        }
    }
}

// MARK: - At the control socket

extension CleanAnswer {
    /// The body of `done`: both counts, and the failure if there is one, on lines of their own.
    var response: HTTPResponse {
        switch self {
        case .done(let removed, let kept, let failure):
            .text(200, "\(removed)\n\(kept)\n\(failure ?? "")", fields: StatusPages.identity)
        case .inUse: .text(409, "", fields: StatusPages.identity)
        case .unknown: .text(404, "", fields: StatusPages.identity)
        }
    }

    /// nil for an answer that no confd gives.
    init?(status: String, _ body: [UInt8]) {
        switch status {
        case "409 Conflict": self = .inUse
        case "404 Not Found": self = .unknown
        case "200 OK":
            let lines = String(decoding: body, as: UTF8.self).split(
                separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
            guard lines.count == 3, let removed = Int(lines[0]), let kept = Int(lines[1]) else { return nil }
            self = .done(removed: removed, kept: kept, failure: lines[2].isEmpty ? nil : String(lines[2]))
        default: return nil
        }
    }
}

/// `confd clean RESOURCE`: a daemon is asked at its control socket, for it has the state directory; without one the files are
/// removed here.
struct CleanCommand {
    /// With `.toml`.
    let resource: String
    let socket: String?
    let stateDirectory: String?

    /// `resource` may lack `.toml`.
    init(resource: String, socket: String?, stateDirectory: String?) {
        let isWhole = resource.hasSuffix(".toml") || resource.utf8.contains(UInt8(ascii: "#"))
        self.resource = resource + (isWhole ? "" : ".toml")
        self.socket = socket
        self.stateDirectory = stateDirectory
    }

    func run() throws(ReleaseCommand.Problem) -> CleanAnswer {
        if let socket, let answer = try ask(socket) { return answer }
        let directory = try ReleaseCommand.directory(stateDirectory)
        do throws(ItemJournalError) {
            return CleanAnswer(try directory.items(of: resource))
        } catch {
            return .done(removed: 0, kept: 0, failure: error.message)
        }
    }

    /// The answer of the daemon, nil if there is none.
    private func ask(_ socket: String) throws(ReleaseCommand.Problem) -> CleanAnswer? {
        do throws(DaemonClient.Problem) {
            let (status, body) = try DaemonClient(socket: socket).answer(
                to: "POST", ResourcePath.clean.path(of: resource), within: StatusPages.cleaningTime + .seconds(2))
            guard let answer = CleanAnswer(status: status, body) else { throw .refused(status: status) }
            return answer
        } catch {
            // Nobody listens there, so no daemon runs: the files are removed here.
            if case .noDaemon(let cause) = error, [Errno.noSuchFile, Errno.connectionRefused].contains(cause.code) {
                return nil
            }
            throw .control(error, socket: socket)
        }
    }
}
