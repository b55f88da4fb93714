import Diagnostics
import Posix

/// `confd status`: asks the daemon at the control socket for its report.
struct StatusCommand {
    private static let patience = Duration.seconds(10)

    let client: DaemonClient
    let wantsJSON: Bool
    var isColoured = false

    init(socket: String, wantsJSON: Bool, isColoured: Bool = false) {
        client = DaemonClient(socket: socket)
        self.wantsJSON = wantsJSON
        self.isColoured = isColoured
    }

    /// The daemon's report, as text or JSON, as it came.
    func run() throws(DaemonClient.Problem) -> [UInt8] {
        let target = wantsJSON ? "/status.json" : isColoured ? "/status?color" : "/status"
        return try client.get(target, within: Self.patience)
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
