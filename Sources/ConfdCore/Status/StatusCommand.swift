import Diagnostics
import Posix

/// `confd status`: asks the daemon at the control socket for its report.
struct StatusCommand {
    private static let patience = Duration.seconds(10)

    let client: DaemonClient
    let wantsJSON: Bool
    var isColoured = false
    /// The only resource that is reported, by its name or its `dest`; nil for all.
    let resource: String?

    init(socket: String, wantsJSON: Bool, isColoured: Bool = false, resource: String? = nil) {
        client = DaemonClient(socket: socket)
        self.wantsJSON = wantsJSON
        self.isColoured = isColoured
        self.resource = resource
    }

    /// The daemon's report, as text or JSON, as it came.
    func run() throws(DaemonClient.Problem) -> [UInt8] {
        var target = wantsJSON ? "/status.json" : "/status"
        var query = isColoured && !wantsJSON ? ["color"] : []
        if let resource { query.append(StatusPages.query(for: resource)) }
        if !query.isEmpty { target += "?" + query.joined(separator: "&") }
        let answer = try client.answer(to: "GET", target, within: Self.patience)
        if let resource, answer.status.hasPrefix("404") {
            throw .noResource(
                resource, suggestion: answer.body.isEmpty ? nil : String(decoding: answer.body, as: UTF8.self))
        }
        return try DaemonClient.accepted(answer)
    }

    /// The report without control characters except for our colours: another process may have made the socket.
    func printable(_ report: [UInt8]) -> [UInt8] {
        if wantsJSON {
            let line = report.last == UInt8(ascii: "\n") ? report.dropLast() : report[...]
            return PrintableText.json(Array(line)) + [UInt8(ascii: "\n")]
        }
        var shown: [UInt8] = []
        var rest = report[...]
        while let escape = rest.firstIndex(of: 0x1B) {
            shown += PrintableText.lines(Array(rest[..<escape]))
            let sequence = StatusTone.terminalSequences.first { isColoured && rest[escape...].starts(with: $0.utf8) }
            shown += (sequence ?? "\\x1b").utf8
            rest = rest[(escape + (sequence?.utf8.count ?? 1))...]
        }
        return shown + PrintableText.lines(Array(rest))
    }
}
