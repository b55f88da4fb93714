import Applying
import Configuration
import Diagnostics
import Posix
import Primitives

/// What is answered at `-metrics-addr` and at the control socket.
struct StatusPages {
    /// Where an answer comes from.
    enum Route {
        case now(HTTPResponse)
        /// Made from the status; nil if the daemon did not give one in time.
        case status(@Sendable (DaemonStatus?) -> HTTPResponse)
        /// `confd wait`: made when the condition is decided, or after this time.
        case wait(WaitCondition, within: Duration)
    }

    /// The version of the protocol at the control socket; a client of another version names both.
    static let protocolVersion = 1
    /// The longest wait for the status.
    static let patience = Duration.seconds(2)
    /// The longest wait for the removal of files, which may be many thousands.
    static let cleaningTime = Duration.seconds(60)
    /// The longest wait in one request; a client that waits longer sends another one.
    static let longestWait = Duration.seconds(20)

    private let request: MetricsServer.Request
    private let access: StatusAccess
    private let metrics: Metrics

    init(_ request: MetricsServer.Request, _ access: StatusAccess, metrics: Metrics) {
        self.request = request
        self.access = access
        self.metrics = metrics
    }

    /// The route of a GET.
    var route: Route {
        switch request.path {
        // A health check must not wait for the engine's thread.
        case "/health": return .now(.text(200, "ok"))
        case "/metrics":
            return .status { [metrics] status in
                HTTPResponse(
                    200, "text/plain; version=0.0.4; charset=utf-8", MetricsPage(metrics: metrics, status: status).text)
            }
        case "/ready": return .status { Readiness(status: $0).response }
        case "/ready/detailed": return .status { Readiness(status: $0).details }
        case "/", "/status", "/status.json":
            guard access.allows(request.peer) else { return .now(.text(403, "not in -status-allow\n")) }
            return .status { [request] status in
                guard let status else { return Self.busy }
                return Self.report(status, request)
            }
        // Only at the control socket: a page that waits would hold one of the few connections.
        case "/wait" where request.peer == nil: return waitRoute
        default: return .now(.text(404, "404 page not found\n"))
        }
    }

    /// The answer if the engine's thread does not answer in time.
    static let busy = HTTPResponse.text(503, "confd does not answer\n")

    /// The fields by which clients check version and protocol before they read the body.
    static let identity = [
        (name: "Confd-Version", value: Version.current), (name: "Confd-Protocol", value: "\(protocolVersion)"),
    ]

    /// The part of a query that asks for one resource, by its name or its `dest`.
    static func query(for resource: String) -> String { resourceQuery + PercentEncoding.encoded(resource.utf8) }

    private static let resourceQuery = "resource="

    /// The only resource that `request` asks for; nil if it asks for all.
    static func resource(of request: MetricsServer.Request) -> String? {
        let parts = request.query.split(separator: "&")
        guard request.path != "/", let part = parts.first(where: { $0.hasPrefix(resourceQuery) }) else { return nil }
        return PercentEncoding.decoded(part.utf8.dropFirst(resourceQuery.utf8.count)) ?? ""
    }

    private static func report(_ whole: DaemonStatus, _ request: MetricsServer.Request) -> HTTPResponse {
        var status = whole
        if let name = resource(of: request) {
            guard let found = whole.only(name) else {
                return .text(404, whole.nearest(to: name) ?? "", fields: identity)
            }
            status = found
        }
        switch request.path {
        case "/status.json":
            return HTTPResponse(
                200, "application/json", String(decoding: StatusReport(status: status).json, as: UTF8.self),
                fields: identity)
        case "/status":
            let isColoured = request.query.split(separator: "&").contains("color")
            let text = StatusReport(status: status, isColoured: isColoured).text
            return HTTPResponse.text(200, text, fields: identity)
        default:
            let page = StatusPage(status: status, isPaused: request.query == "paused")
            return HTTPResponse(200, "text/html; charset=utf-8", page.html, fields: StatusPage.fields)
        }
    }
}

// MARK: - confd wait

extension StatusPages {
    /// `/wait`, with `revision=NUMBER` and `milliseconds=NUMBER` in the query.
    private var waitRoute: Route {
        var revision: Int64?
        var time = Self.longestWait
        for part in request.query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let number = Int64(pair[1]), number >= 0 else {
                return .now(.text(400, "not NAME=NUMBER\n"))
            }
            switch pair[0] {
            case "revision": revision = number
            case "milliseconds": time = min(.milliseconds(number), Self.longestWait)
            default: continue
            }
        }
        return .wait(WaitCondition(revision: revision), within: time)
    }

    /// A word, `applied`, `failed`, `pending` or `without-revisions`, and a line for each resource or backend that it is about.
    static func response(to request: WaitRequest) -> HTTPResponse {
        guard let verdict = request.question.result else { return busy }
        let (word, lines): (String, [String]) =
            switch verdict {
            case .applied: ("applied", [])
            case .failed(let lines): ("failed", lines)
            case .pending(let lines): ("pending", lines)
            case .withoutRevisions: ("without-revisions", [])
            }
        let text = ([word] + lines.map(PrintableText.line)).map { $0 + "\n" }.joined()
        return .text(200, text, fields: identity)
    }
}
