import Configuration
import Diagnostics
import Posix

/// The report of `confd status`.
struct StatusReport {
    let status: DaemonStatus
    /// Whether states have the colours of a terminal.
    var isColoured = false

    /// How many of the recent events the text shows; JSON has all.
    private static let shownEvents = 10

    /// A line about confd, one for each backend, and tables of what there is.
    var text: String {
        var lines = [PrintableText.line(headline)]
        let problem = Readiness(status: status).problem
        if let problem {
            lines.append(PrintableText.line("not ready: \(PrintableText.bounded(problem))"))
        }
        if let obstacle = status.commandObstacle, obstacle != problem { lines.append(PrintableText.line(obstacle)) }
        lines += status.sources.flatMap(self.lines(of:))
        for table in [resources, servers, services, balancers] where !table.isEmpty { lines += [""] + table }
        let problems =
            status.resources.flatMap(self.problem(of:))
            + status.checkProblems.map { name, problem in
                "\(coloured(PrintableText.line(name), .warning)): \(PrintableText.line(PrintableText.bounded(problem.message)))"
            } + status.services.compactMap(self.problem(of:))
            + status.unusable.map { coloured(PrintableText.line("\($0) cannot be used"), .bad) }
        if !problems.isEmpty { lines += [""] + problems }
        if !status.events.isEmpty { lines += [""] + events }
        return lines.map { $0 + "\n" }.joined()
    }

    private var headline: String {
        let owed = status.owed.count { $0.isOwed }
        return "confd \(Version.current): \(Readiness(status: status).word), "
            + "\(status.inSync) in sync, \(status.dirty) not, \(status.heldText)\(owed) \(owed == 1 ? "reload" : "reloads") owed"
    }

    private func lines(of source: DaemonStatus.BackendState) -> [String] {
        var line =
            "\(PrintableText.line(source.title)): \(coloured(StatusWords.backend(source), source.tone)), revision \(source.revision), "
            + "\(source.keyCount) keys"
        if source.contact.isConnected { return [line] }
        line += source.contact.lastHeard.map { ", last contact \(Clock.rfc3339($0))" } ?? ", \(source.contact.never)"
        return [line] + (source.failure.map { ["  " + PrintableText.line($0)] } ?? [])
    }

    private var resources: [String] {
        if status.resources.isEmpty { return [] }
        var table = StatusTable(
            ["RESOURCE", "STATE", "REVISION", "KEYS", "BYTES", "CHANGED", "TOOK", "RELOAD", "DEST"],
            isColoured: isColoured)
        for resource in status.resources { table.add(cells(of: resource)) }
        return table.lines
    }

    private func cells(of resource: ResourceStatus) -> [StatusTable.Cell] {
        func number(_ number: Int?) -> StatusTable.Cell {
            StatusTable.Cell(number.map { "\($0)" } ?? "-", isNumber: true)
        }
        return [
            StatusTable.Cell(resource.name), StatusTable.Cell(StatusWords.state(resource), tone: resource.tone),
            number(resource.revision.map { Int($0) }), number(resource.figures?.keys), number(resource.figures?.bytes),
            StatusTable.Cell(resource.change.map { Clock.rfc3339($0.time) } ?? "-"),
            StatusTable.Cell(resource.change?.duration.map(StatusWords.duration) ?? "-", isNumber: true),
            StatusTable.Cell(
                resource.reload.map(StatusWords.reload) ?? "-", tone: resource.reload?.problem == nil ? .neutral : .bad),
            StatusTable.Cell(resource.destination),
        ]
    }

    private var servers: [String] {
        if status.servers.isEmpty { return [] }
        var table = StatusTable(["SERVER", "STATUS", "TYPE", "SINCE", "GROUP", "RESOURCE"], isColoured: isColoured)
        for server in status.servers {
            table.add([
                StatusTable.Cell(server.target),
                StatusTable.Cell(server.status + (server.isHidden ? " (hidden)" : ""), tone: server.tone),
                StatusTable.Cell(server.health.type), StatusTable.Cell(Clock.rfc3339(server.health.since)),
                StatusTable.Cell(server.group), StatusTable.Cell(server.resource),
            ])
        }
        return table.lines
    }

    private var services: [String] {
        if status.services.isEmpty { return [] }
        var table = StatusTable(["SERVICE", "STATE", "KEY"], isColoured: isColoured)
        for service in status.services {
            table.add([
                StatusTable.Cell(service.name), StatusTable.Cell(service.state, tone: service.tone),
                StatusTable.Cell(service.key),
            ])
        }
        return table.lines
    }

    private var balancers: [String] {
        if status.balancers.isEmpty { return [] }
        var table = StatusTable(["BALANCER", "STATE", "SERVERS", "LEAVING", "RESOURCE"], isColoured: isColoured)
        for balancer in status.balancers {
            table.add([
                StatusTable.Cell(balancer.balancer),
                StatusTable.Cell(balancer.state, tone: balancer.tone),
                StatusTable.Cell("\(balancer.servers)", isNumber: true),
                StatusTable.Cell("\(balancer.leaving)", isNumber: true), StatusTable.Cell(balancer.resource),
            ])
        }
        return table.lines
    }

    private func problem(of service: ServiceStatus) -> String? {
        service.problem.map { problem in
            let name = coloured(PrintableText.line(service.name), service.tone)
            return "\(name): \(PrintableText.line(PrintableText.bounded(problem)))"
        }
    }

    private func problem(of resource: ResourceStatus) -> [String] {
        guard let problem = resource.problem else { return [] }
        let name = coloured(PrintableText.line(resource.name), resource.tone)
        let message = PrintableText.line(PrintableText.bounded(problem.message))
        return ["\(name): \(message)"] + (problem.hint.map { ["hint: " + PrintableText.line($0)] } ?? [])
    }

    private var events: [String] {
        var table = StatusTable(["TIME", "EVENT", "ABOUT", "DETAIL"], isColoured: isColoured)
        for event in status.events.prefix(Self.shownEvents) {
            table.add([
                StatusTable.Cell(Clock.rfc3339(event.time)),
                StatusTable.Cell(event.kind.wording, tone: event.kind.tone),
                StatusTable.Cell(event.subject.isEmpty ? "confd" : event.subject), StatusTable.Cell(event.detail),
            ])
        }
        return table.lines
    }

    private func coloured(_ text: String, _ tone: StatusTone) -> String {
        StatusTable.coloured(text, tone, isColoured: isColoured)
    }
}
