import Posix
import Testing

@testable import Applying
@testable import ConfdCore

/// The page at `/` and the report of `confd status`: what is in them, and what a hostile name cannot do.
@Suite struct StatusPageTests {
    /// A name as an attacker may give to keys and files.
    private static let hostile = "\"><script>alert(1)</script><img src=x onerror='a'>&amp;\u{202E}\u{1B}[2J\n"

    private static func resource(_ name: String, _ state: ResourceStatus.State = .inSync) -> ResourceStatus {
        var status = ResourceStatus(name: name, file: "/c/\(name)", destination: "/etc/\(name)", state: state)
        status.revision = 4_182
        status.figures = RenderingFigures(keys: 12, bytes: 1_536, duration: .milliseconds(3))
        status.change = ResourceStatus.Change(time: WallTime(seconds: 1_000), duration: .milliseconds(3))
        return status
    }

    private static func status(_ resources: [ResourceStatus]) -> DaemonStatus {
        var status = DaemonStatus()
        status.host = "web1"
        status.started = WallTime(seconds: 500)
        status.time = WallTime(seconds: 1_065)
        status.isReady = true
        status.resources = resources
        status.inSync = resources.count { $0.state == .inSync }
        return status
    }

    private func page(_ status: DaemonStatus) -> String { StatusPage(status: status).html }

    /// Report: etcd that refused us for long had "never been reached".
    @Test func aBackendThatRefuses() {
        #expect(BackendContact(hasRefused: true).silence == "has refused us from the start")
        #expect(BackendContact().silence == "has never been reached")
    }

    /// `confd status RESOURCE`: by name, name without `.toml`, or `dest`.
    @Test func oneResourceOfMany() throws {
        var status = Self.status([Self.resource("a.toml"), Self.resource("b.toml")])
        status.events = [("a.toml", "x"), ("b.toml", "y"), ("", "z")].map { subject, detail in
            StatusEvent(time: WallTime(seconds: 1), kind: .changed, subject: subject, detail: detail)
        }
        for name in ["b.toml", "b", "/etc/b.toml"] {
            let one = try #require(status.only(name))
            #expect(one.resources.map(\.name) == ["b.toml"] && one.events.map(\.detail) == ["y"])
        }
        #expect(status.only("c.toml") == nil && status.nearest(to: "b.tml") == "b.toml")
    }

    @Test func saysHowItIs() {
        func heading(_ status: DaemonStatus) -> Substring? {
            page(status).split(separator: "\n").first { $0.contains("<div><h2>") }
        }
        func says(_ resources: [ResourceStatus], _ text: String) {
            let heading = heading(Self.status(resources)) ?? ""
            #expect(heading.contains("<h2>\(text)</h2>"), "\(heading)")
        }
        says([], "No resources")
        says([Self.resource("a")], "The file is in sync")
        says([Self.resource("a"), Self.resource("b")], "All 2 files are in sync")
        says([Self.resource("a"), Self.resource("b", .pending)], "1 of 2 resources under way")
        says([Self.resource("a"), Self.resource("b", .failed)], "1 of 2 resources needs attention")
        says([Self.resource("a", .held), Self.resource("b", .failed)], "2 of 2 resources need attention")
        var starting = Self.status([Self.resource("a", .pending)])
        starting.isReady = false
        #expect(heading(starting)?.contains("Starting") == true)
    }

    @Test func showsWhatNeedsAttentionFirst() throws {
        let html = page(Self.status([Self.resource("a"), Self.resource("b", .pending), Self.resource("c", .failed)]))
        let names = html.split(separator: "data-resource=\"").dropFirst().map { String($0.prefix(1)) }
        #expect(names == ["c", "b", "a"])
    }

    @Test func escapes() throws {
        var bad = Self.resource(Self.hostile, .failed)
        bad.problem = History.Problem(message: Self.hostile, hint: Self.hostile)
        bad.reload = ReloadRun(
            ended: WallTime(seconds: 1_000), duration: .milliseconds(3), problem: Self.hostile, success: "")
        var status = Self.status([bad])
        status.host = Self.hostile
        status.unusable = [Self.hostile]
        status.services = [
            ServiceStatus(
                name: Self.hostile, key: Self.hostile, isRegistered: false, isUp: true, problem: Self.hostile)
        ]
        status.balancers = [
            BalancerStatus(
                resource: Self.hostile, destination: Self.hostile, balancer: Self.hostile, servers: 2, leaving: 1,
                isEqual: false, obstacle: Self.hostile)
        ]
        status.checkProblems = [(Self.hostile, .noTarget(Array(Self.hostile.utf8), Self.hostile))]
        status.events = [
            StatusEvent(time: WallTime(seconds: 1_000), kind: .failed, subject: Self.hostile, detail: Self.hostile)
        ]
        let html = page(status)
        try HTMLShape(html).check()
        for character in ["\u{202E}", "\u{1B}"] { #expect(!html.contains(character)) }
        let text = StatusReport(status: status).text
        #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A }, "\(text)")
        #expect(text.contains(#"<script>alert(1)</script><img src=x onerror='a'>&amp;\u202e\x1b[2J\n"#), "\(text)")
    }

    @Test func showsBalancers() {
        func shown(_ isEqual: Bool, _ obstacle: String?, isLeftToReload: Bool = false) -> (page: String, table: String)
        {
            var status = Self.status([Self.resource("a")])
            status.balancers = [
                BalancerStatus(
                    resource: "a", destination: "/etc/a", balancer: "haproxy /run/h.sock web", servers: 3, leaving: 1,
                    isEqual: isEqual, obstacle: obstacle, isLeftToReload: isLeftToReload)
            ]
            return (page(status), StatusReport(status: status).text)
        }
        let good = shown(true, nil)
        #expect(good.page.contains("word good\">as desired<"), "\(good.page)")
        #expect(good.page.contains(#"data-column="Leaving" class="number"><data value="1">1</data>"#), "\(good.page)")
        #expect(good.table.contains("as desired"), "\(good.table)")
        #expect(shown(false, nil).page.contains("word warning\">not as desired<"))
        #expect(shown(false, nil, isLeftToReload: true).page.contains("word good\">left to the reload<"))
        let bad = shown(false, "it refused")
        #expect(bad.page.contains("word bad\">not as desired<"), "\(bad.page)")
        #expect(bad.page.contains("<p class=\"problem\">it refused</p>"), "\(bad.page)")
    }

    @Test func showsProblemsOfHealthChecks() throws {
        var status = Self.status([Self.resource("a")])
        status.checkProblems = [("a", .noTarget(Array("/s/b".utf8), "it gives no HOST:PORT"))]
        let html = page(status)
        try HTMLShape(html).check()
        #expect(html.contains("/s/b is not checked: it gives no HOST:PORT</p></td>"), "\(html)")
        #expect(html.contains("<td data-column=\"Resource\">a</td></tr>"), "\(html)")
        let row = try #require(html.split(separator: "<tr>").first { $0.contains("is not checked") })
        #expect(row.split(separator: "<td ").count == 6, "\(row)")
    }

    @Test func isBounded() throws {
        let many = (1...1_500).map { Self.resource("r\($0)") }
        let html = page(Self.status(many))
        try HTMLShape(html).check()
        #expect(html.split(separator: "data-resource=\"").count == 1_001)
        #expect(html.contains("and 500 more"))
        let long = page(Self.status([Self.resource(String(repeating: "x", count: 1 << 20))]))
        #expect(long.utf8.count < 40_000)
    }

    @Test func refreshesUnlessPaused() {
        let status = Self.status([])
        #expect(StatusPage(status: status).html.contains("http-equiv=\"refresh\""))
        #expect(!StatusPage(status: status, isPaused: true).html.contains("http-equiv=\"refresh\""))
    }

    /// The policy names the style sheet by its hash (checked by a browser in `make test-page`), and lets nothing else in.
    @Test func allowsNoScript() throws {
        let policy = try #require(StatusPage.fields.first { $0.name == "Content-Security-Policy" }).value
        #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(!policy.contains("script") && !policy.contains("unsafe"))
        let html = page(Self.status([Self.resource("a")]))
        #expect(!html.contains("<script") && !html.contains("style=\"") && !html.contains("http://www.w3.org/1999"))
    }

    @Test func reportAsText() {
        var failed = Self.resource("web.toml", .failed)
        failed.nextTry = .seconds(12)
        failed.problem = History.Problem(message: "web.tmpl:3:7: key does not exist: /web/port")
        failed.figures = nil
        failed.change = nil
        failed.revision = nil
        var status = Self.status([Self.resource("app.toml"), failed])
        status.inSync = 1
        status.dirty = 1
        status.neverWritten = [("/etc/web.toml", "key does not exist: /web/port")]
        status.commandObstacle = "nginx is not started yet, it waits for web.toml: key does not exist: /web/port"
        #expect(
            StatusReport(status: status).text == """
                confd 1.0.0: not ready, 1 in sync, 1 not, 0 reloads owed
                not ready: /etc/web.toml was never written: key does not exist: /web/port
                nginx is not started yet, it waits for web.toml: key does not exist: /web/port

                RESOURCE  STATE                 REVISION  KEYS  BYTES  CHANGED               TOOK  RELOAD  DEST
                app.toml  in sync                   4182    12   1536  1970-01-01T00:16:40Z   3ms  -       /etc/app.toml
                web.toml  failed, again in 12s         -     -      -  -                        -  -       /etc/web.toml

                web.toml: web.tmpl:3:7: key does not exist: /web/port

                """)
        // Found by a newcomer: with the files of an earlier run it was ready, though the command waited to be started.
        status.neverWritten = []
        status.isReady = true
        #expect(Readiness(status: status).response.status == 503)
        #expect(
            StatusReport(status: status).text.hasPrefix(
                "confd 1.0.0: not ready, 1 in sync, 1 not, 0 reloads owed\nnot ready: nginx is not started yet, it waits for "
                    + "web.toml: key does not exist: /web/port\n\nRESOURCE"))
        let coloured = StatusReport(status: status, isColoured: true).text
        #expect(
            coloured.contains("\u{1B}[32min sync\u{1B}[0m   ") && coloured.contains("\u{1B}[31mfailed, again in 12s"))
    }
}

/// Reads HTML as strictly as is needed to see that a name became neither an element nor an attribute.
struct HTMLShape {
    private let html: Substring

    private static let elements: Set<String> = [
        "html", "head", "title", "style", "body", "header", "h1", "h2", "span", "p", "main", "section", "div", "ul",
        "li",
        "b", "i", "a", "code", "small", "table", "thead", "tbody", "tr", "th", "td", "time", "data", "footer",
    ]
    private static let empty: Set<String> = ["meta", "link", "!DOCTYPE"]
    private static let attributes: Set<String> = [
        "lang", "charset", "name", "content", "http-equiv", "rel", "href", "class", "aria-hidden", "datetime", "title",
        "scope", "value", "data-column", "data-resource", "data-backend", "html",
    ]

    struct Flaw: Error {
        let text: String
    }

    init(_ html: String) { self.html = html[...] }

    /// Throws for elements that are unknown or not closed in order, and for attributes that are unknown or not quoted.
    func check() throws {
        var open: [String] = []
        var rest = html
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { throw Flaw(text: "not closed") }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else { throw Flaw(text: "\(tag) closes \(open)") }
                continue
            }
            let name = String(tag.prefix { $0 != " " })
            try Self.checkAttributes(tag.dropFirst(name.count))
            if Self.empty.contains(name) { continue }
            guard Self.elements.contains(name) else { throw Flaw(text: "element \(name)") }
            open.append(name)
            if name == "style" {
                guard let close = rest.range(of: "</style>") else { throw Flaw(text: "style") }
                rest = rest[close.lowerBound...]
            }
        }
        guard open.isEmpty else { throw Flaw(text: "\(open) are open") }
    }

    private static func checkAttributes(_ text: Substring) throws {
        var rest = text.drop { $0 == " " }
        while !rest.isEmpty {
            let name = rest.prefix { $0 != "=" && $0 != " " }
            guard attributes.contains(String(name)) else { throw Flaw(text: "attribute \(name)") }
            rest = rest.dropFirst(name.count)
            if rest.first == "=" {
                guard rest.dropFirst().first == "\"", let end = rest.dropFirst(2).firstIndex(of: "\"") else {
                    throw Flaw(text: "\(name) is not quoted")
                }
                rest = rest[rest.index(after: end)...]
            }
            rest = rest.drop { $0 == " " }
        }
    }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
