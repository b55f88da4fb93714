import Applying
import Configuration
import Posix

/// Whether every file is there, the command after `--` runs and no backend is stale: `/ready` and `/ready/detailed`.
struct Readiness {
    /// Nil where the daemon did not answer.
    let status: DaemonStatus?

    /// Why it is not ready, nil if it is.
    var problem: String? {
        guard let status else { return "confd does not answer" }
        if let stale = status.sources.first(where: { $0.contact.isStale }) {
            return "backend unhealthy: \(stale.configuration.name) \(stale.contact.silence)"
        }
        if !status.isReady { return "the first pass is not complete" }
        let missing =
            status.neverWritten.map { "\($0.destination) was never written: \($0.reason)" }
            + status.unusable.map { "\($0) cannot be used" }
        // The files may be those of an earlier run, and the command is started once they are up to date.
        guard let first = missing.first else { return status.commandObstacle }
        return first + (missing.count > 1 ? " (and \(missing.count - 1) more)" : "")
    }

    /// `ready` or `not ready`.
    var word: String { problem == nil ? "ready" : "not ready" }

    /// `/ready`.
    var response: HTTPResponse { .text(code, problem ?? "ok") }

    /// `/ready/detailed`, as JSON.
    var details: HTTPResponse {
        var fields = LogFields([("status", .text(problem == nil ? "ready" : "unready"))])
        fields.append("message", .text(problem ?? "ok"))
        if let status {
            fields.append("in_sync", .number(status.inSync))
            fields.append("dirty", .number(status.dirty))
            fields.append("held", .number(status.held))
            fields.append("never_written", .number(status.neverWritten.count + status.unusable.count))
            fields.append("reloads_owed", .number(status.owed.count { $0.isOwed }))
        }
        return HTTPResponse(code, "application/json", String(decoding: fields.json, as: UTF8.self) + "\n")
    }

    private var code: Int { problem == nil ? 200 : 503 }
}
