import Applying
import Posix

// The tables of the page. Each cell names its column, which stands before it where the page is narrow.
extension StatusPage {
    var backends: String {
        let cards = status.sources.map { source in
            let failure = source.failure.map { "<p class=\"problem\">\(HTMLText.escaped($0))</p>" } ?? ""
            let contact =
                source.contact.isConnected
                ? ""
                : source.contact.lastHeard.map { " <i>·</i> last contact \(ago($0))" }
                    ?? " <i>·</i> \(source.contact.never)"
            let revision = source.revision > 0 ? " <i>·</i> revision \(Self.data(Int(source.revision)))" : ""
            return """
                <li data-backend="\(HTMLText.escaped(source.title))">
                \(Self.state(StatusWords.backend(source), source.tone))
                <div><p><b>\(HTMLText.escaped(source.configuration.kind.name))</b> \
                <code>\(HTMLText.escaped(source.configuration.sources.joined(separator: ", ")))</code></p>
                <p class="soft">\(Self.data(source.keyCount)) \(source.keyCount == 1 ? "key" : "keys")\(revision)\(contact)</p>\(failure)</div>
                </li>
                """
        }
        if cards.isEmpty { return "" }
        return "<section><h2>\(cards.count == 1 ? "Backend" : "Backends")</h2>\n<ul class=\"cards\">\n"
            + cards.joined(separator: "\n") + "\n</ul></section>"
    }

    var resources: String {
        let sorted = status.resources.sorted { left, right in
            let (first, second) = (Self.order(left), Self.order(right))
            return first == second ? left.name < right.name : first < second
        }
        let unusable = status.unusable.map { file in
            row([
                ("State", Self.state("unusable", .bad)),
                (
                    "Resource",
                    "<b>\(HTMLText.escaped(file))</b><p class=\"problem\">The log says what is wrong with it.</p>"
                ),
            ])
        }
        if sorted.isEmpty, unusable.isEmpty {
            return "<section><h2>Resources</h2><p class=\"empty\">There are none: confd looks for resource files in "
                + "<code>conf.d</code> below its <code>-confdir</code>.</p></section>"
        }
        return section(
            "Resources", ["State", "Resource", "Revision", "Keys", "Size", "Changed", "Reload"],
            unusable + sorted.prefix(Self.longestTable).map(row(of:)), count: sorted.count + unusable.count,
            numeric: Self.numbers)
    }

    /// What needs attention comes first, then what is under way.
    private static func order(_ resource: ResourceStatus) -> Int {
        resource.needsAttention ? 0 : resource.state == .inSync ? 2 : 1
    }

    private func row(of resource: ResourceStatus) -> String {
        var change = resource.change.map { ago($0.time) } ?? ""
        if let duration = resource.change?.duration {
            change += " <span class=\"soft\">took \(StatusWords.duration(duration))</span>"
        }
        return row(
            [
                ("State", Self.state(resource.state.rawValue, resource.tone, more: next(resource))),
                ("Resource", name(of: resource)),
                ("Revision", resource.revision.map { Self.data(Int($0)) } ?? ""),
                ("Keys", resource.figures.map { Self.data($0.keys) } ?? ""),
                ("Size", resource.figures.map { Self.data($0.bytes, shown: StatusWords.bytes($0.bytes)) } ?? ""),
                ("Changed", change), ("Reload", resource.reload.map(reload) ?? ""),
            ], name: resource.name)
    }

    private func next(_ resource: ResourceStatus) -> String {
        guard let next = resource.nextTry, resource.state != .inSync else { return "" }
        let isAgain = resource.state.needsAttention || resource.hasFailedReload
        let what = resource.state == .held ? "applied in" : isAgain ? "again in" : "in"
        return "\(what) \(StatusWords.duration(next))"
    }

    private func name(of resource: ResourceStatus) -> String {
        var text = "<b>\(HTMLText.escaped(resource.name))</b> <code>\(HTMLText.escaped(resource.destination))</code>"
        if let problem = resource.problem {
            text += "<p class=\"problem\">\(HTMLText.escaped(problem.message))</p>"
            text += problem.hint.map { "<p class=\"hint\">hint: \(HTMLText.escaped($0))</p>" } ?? ""
        }
        return text
    }

    private func reload(_ run: ReloadRun) -> String {
        let result =
            run.problem.map { "<span class=\"word bad\">\(HTMLText.escaped($0))</span>" }
            ?? HTMLText.escaped(run.result)
        return "\(result) <span class=\"soft\">took \(StatusWords.duration(run.duration)), \(ago(run.ended))</span>"
    }

    var servers: String {
        section(
            "Servers", ["Status", "Server", "Check", "Since", "Group", "Resource"],
            status.checkProblems.prefix(Self.longestTable).map(row(of:))
                + status.servers.prefix(Self.longestTable).map { server in
                    row([
                        ("Status", Self.state(server.status, server.tone, more: server.isHidden ? "hidden" : "")),
                        (
                            "Server",
                            "<b>\(HTMLText.escaped(server.target))</b>"
                                + (server.health.error.map { "<p class=\"hint\">\(HTMLText.escaped($0))</p>" } ?? "")
                        ),
                        ("Check", HTMLText.escaped(server.health.type)), ("Since", ago(server.health.since)),
                        ("Group", "<code>\(HTMLText.escaped(server.group))</code>"),
                        ("Resource", HTMLText.escaped(server.resource)),
                    ])
                }, count: status.checkProblems.count + status.servers.count)
    }

    private func row(of item: (resource: String, problem: CheckProblem)) -> String {
        row([
            ("Status", Self.state(item.problem.word, .warning)),
            ("Server", "<p class=\"problem\">\(HTMLText.escaped(item.problem.message))</p>"), ("Check", ""),
            ("Since", ""),
            ("Group", ""), ("Resource", HTMLText.escaped(item.resource)),
        ])
    }

    var services: String {
        section(
            "Services", ["State", "Service", "Key"],
            status.services.prefix(Self.longestTable).map { service in
                row([
                    ("State", Self.state(service.state, service.tone)),
                    (
                        "Service",
                        "<b>\(HTMLText.escaped(service.name))</b>"
                            + (service.problem.map { "<p class=\"problem\">\(HTMLText.escaped($0))</p>" } ?? "")
                    ),
                    ("Key", "<code>\(HTMLText.escaped(service.key))</code>"),
                ])
            }, count: status.services.count)
    }

    var balancers: String {
        section(
            "Balancers", ["State", "Balancer", "Servers", "Leaving", "Resource"],
            status.balancers.prefix(Self.longestTable).map { balancer in
                row([
                    ("State", Self.state(balancer.state, balancer.tone)),
                    (
                        "Balancer",
                        "<b>\(HTMLText.escaped(balancer.balancer))</b>"
                            + (balancer.obstacle.map { "<p class=\"problem\">\(HTMLText.escaped($0))</p>" } ?? "")
                    ),
                    ("Servers", Self.data(balancer.servers)), ("Leaving", Self.data(balancer.leaving)),
                    ("Resource", HTMLText.escaped(balancer.resource)),
                ])
            }, count: status.balancers.count, numeric: Self.numbers)
    }

    var events: String {
        section(
            "Recent events", ["Time", "Event", "About", "Detail"],
            status.events.map { event in
                row([
                    ("Time", ago(event.time)), ("Event", Self.state(event.kind.wording, event.kind.tone)),
                    ("About", "<b>\(HTMLText.escaped(event.subject.isEmpty ? "confd" : event.subject))</b>"),
                    ("Detail", HTMLText.escaped(event.detail)),
                ])
            }, count: status.events.count)
    }

    // MARK: - Tables

    /// The columns of numbers.
    private static let numbers: Set<String> = ["Revision", "Keys", "Size", "Servers", "Leaving"]

    /// A heading and a table; empty without rows. `count` is how many there are, shown or not.
    private func section(
        _ title: String, _ columns: [String], _ rows: [String], count: Int, numeric: Set<String> = []
    ) -> String {
        if rows.isEmpty { return "" }
        let heads = columns.map { "<th scope=\"col\"\(numeric.contains($0) ? " class=\"number\"" : "")>\($0)</th>" }
        let rest =
            count > rows.count
            ? "<p class=\"empty\">and \(StatusWords.grouped(count - rows.count)) more, all of them in "
                + "<a href=\"/status.json\">status.json</a></p>" : ""
        let kind = title.split(separator: " ").joined(separator: "-").lowercased()
        return """
            <section class="\(kind)"><h2>\(title) <small>\(StatusWords.grouped(count))</small></h2>
            <table><thead><tr>\(heads.joined())</tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table>\(rest)</section>
            """
    }

    /// A row; a cell without content is left out of narrow pages. `name` is for programs that read the page.
    private func row(_ cells: [(column: String, html: String)], name: String? = nil) -> String {
        let attribute = name.map { " data-resource=\"\(HTMLText.escaped($0))\"" } ?? ""
        let columns = cells.map { cell in
            let kind = (Self.numbers.contains(cell.column) ? ["number"] : []) + (cell.html.isEmpty ? ["none"] : [])
            let classes = kind.isEmpty ? "" : " class=\"\(kind.joined(separator: " "))\""
            return "<td data-column=\"\(cell.column)\"\(classes)>\(cell.html)</td>"
        }
        return "<tr\(attribute)>\(columns.joined())</tr>"
    }

    /// A state: sign, word, and what is to be said beside it.
    private static func state(_ word: String, _ tone: StatusTone, more: String = "") -> String {
        "<span class=\"state\">\(sign(tone))<span><span class=\"word \(tone.rawValue)\">\(HTMLText.escaped(word))</span>"
            + (more.isEmpty ? "" : " <span class=\"soft\">\(more)</span>") + "</span></span>"
    }

    /// A number with its value for programs.
    private static func data(_ number: Int, shown: String? = nil) -> String {
        "<data value=\"\(number)\">\(shown ?? StatusWords.grouped(number))</data>"
    }
}
