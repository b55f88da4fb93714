import Configuration
import Posix

/// The page at `/`: what `confd status` prints, for a browser. It needs no script, and loads nothing from other hosts.
struct StatusPage {
    let status: DaemonStatus
    /// Whether the page does not refresh itself.
    var isPaused = false

    /// How many rows a table has at most; all are in `/status.json`.
    static let longestTable = 1_000
    /// Seconds between two fetches.
    private static let refresh = 10

    /// The fields of the head. The Content-Security-Policy allows the style sheet by its hash and nothing else: markup that got
    /// into the page by a missing escape could not run, load or style anything.
    static let fields = [
        (
            name: "Content-Security-Policy",
            value: "default-src 'none'; style-src '\(Style.hash)'; img-src data:; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'"
        ),
        (name: "Referrer-Policy", value: "no-referrer"),
    ]

    /// The whole document.
    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        \(isPaused ? "" : "<meta http-equiv=\"refresh\" content=\"\(Self.refresh)\">")
        <title>\(HTMLText.escaped(title))</title>
        <link rel="icon" href="\(icon)">
        <style>\(Style.sheet)</style>
        </head>
        <body>
        <header>
        <h1>confd\(status.host.isEmpty ? "" : " <span>on \(HTMLText.escaped(status.host))</span>")</h1>
        <p>\(subtitle)</p>
        </header>
        <main>
        \(verdict)
        \(([backends, resources] + [servers, services, balancers, events].filter { !$0.isEmpty }).joined(separator: "\n"))
        </main>
        <footer>
        <a href="/status.json">status.json</a> <a href="/metrics">metrics</a> <a href="/ready">ready</a>
        <a href="/health">health</a>
        </footer>
        </body>
        </html>

        """
    }

    private var title: String {
        status.host.isEmpty ? "\(summary.text) – confd" : "\(summary.text) – confd on \(status.host)"
    }

    private var subtitle: String {
        let refresh =
            isPaused
            ? "paused, <a href=\"/\">resume</a>"
            : "every \(Self.refresh) s, <a href=\"/?paused\">pause</a>"
        let uptime = StatusWords.duration(.seconds(max(1, status.time.seconds - status.started.seconds)))
        return "version \(HTMLText.escaped(Version.current)) <i>·</i> up \(uptime) <i>·</i> as of "
            + "\(Self.clock(status.time)) <i>·</i> \(refresh)"
    }

    /// The summary's sign on a disc of its colour.
    private var icon: String {
        let colour =
            switch summary.tone {
            case .good: "%231c7a4a"
            case .neutral: "%235d646d"
            case .warning: "%23b07400"
            case .bad: "%23b3261e"
            }
        let path =
            switch summary.tone {
            case .good, .neutral: "M4.5 8.5 7 11l4.5-5.5"
            case .warning: "M8 4.5V8l2.5 1.5"
            case .bad: "M5.5 5.5l5 5m0-5l-5 5"
            }
        return "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
            + "%3Ccircle cx='8' cy='8' r='8' fill='\(colour)'/%3E"
            + "%3Cpath d='\(path)' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E"
    }

    // MARK: - The summary

    /// The whole state in one sentence.
    private var summary: (text: String, tone: StatusTone) {
        let all = status.resources.count + status.unusable.count
        let concerned = status.resources.count(where: \.needsAttention) + status.unusable.count
        if concerned > 0 {
            let verb = concerned == 1 ? "needs" : "need"
            return ("\(StatusWords.grouped(concerned)) of \(Self.resourceCount(all)) \(verb) attention", .bad)
        }
        if let stale = status.sources.first(where: \.contact.isStale) {
            return ("\(stale.configuration.kind.name) does not answer: files stay as they are", .bad)
        }
        if !status.isReady { return ("Starting: the first pass is not complete", .warning) }
        let unfinished = status.resources.count { $0.state != .inSync }
        if unfinished > 0 {
            return ("\(StatusWords.grouped(unfinished)) of \(Self.resourceCount(all)) under way", .warning)
        }
        if let lost = status.sources.first(where: { !$0.contact.isConnected && !$0.isOptional }) {
            return ("\(lost.configuration.kind.name) does not answer", .warning)
        }
        switch (all, status.inSync) {
        case (0, _): return (status.services.isEmpty ? "No resources" : "Services are kept, no resources", .neutral)
        case (_, 0): return ("There are no files, as it should be", .good)
        case (_, 1): return ("The file is in sync", .good)
        case (_, let files): return ("All \(StatusWords.grouped(files)) files are in sync", .good)
        }
    }

    private static func resourceCount(_ count: Int) -> String { StatusWords.count(count, "resource", "resources") }

    private var verdict: String {
        let (text, tone) = summary
        return """
            <section class="verdict \(tone.rawValue)">
            \(Self.sign(tone))
            <div><h2>\(HTMLText.escaped(text))</h2><p>\(figures)</p></div>
            </section>
            """
    }

    /// How many resources there are of each state, servers and services.
    private var figures: String {
        var parts = ResourceStatus.State.allCases.compactMap { state -> String? in
            let count = status.resources.count { $0.state == state }
            return count == 0 ? nil : "\(StatusWords.grouped(count)) \(state.rawValue)"
        }
        if !status.unusable.isEmpty {
            parts.append(StatusWords.count(status.unusable.count, "unusable file", "unusable files"))
        }
        if !status.servers.isEmpty {
            let up = status.servers.count { $0.status == "up" }
            parts.append(
                "\(StatusWords.grouped(up)) of \(StatusWords.count(status.servers.count, "server", "servers")) up")
        }
        if !status.services.isEmpty {
            let registered = status.services.count(where: \.isRegistered)
            parts.append(
                "\(StatusWords.grouped(registered)) of \(StatusWords.count(status.services.count, "service", "services")) registered"
            )
        }
        return parts.joined(separator: " <i>·</i> ")
    }

    // MARK: - Pieces

    /// A mark for readers who see no colours; a word beside it says the same.
    static func sign(_ tone: StatusTone) -> String {
        let mark =
            switch tone {
            case .good: "✓"
            case .neutral: "•"
            case .warning: "◔"
            case .bad: "✕"
            }
        return "<span class=\"sign \(tone.rawValue)\" aria-hidden=\"true\">\(mark)</span>"
    }

    /// The time of day, with the whole time for programs and as a tip.
    static func clock(_ time: WallTime) -> String {
        let full = Clock.rfc3339(time)
        return "<time datetime=\"\(full)\" title=\"\(full)\">\(full.dropFirst(11).prefix(8))</time>"
    }

    /// `3m5s ago`, with the whole time for programs and as a tip.
    func ago(_ time: WallTime) -> String {
        let full = Clock.rfc3339(time)
        return "<time datetime=\"\(full)\" title=\"\(full)\">\(StatusWords.ago(time, at: status.time))</time>"
    }
}
