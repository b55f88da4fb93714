import Configuration
import Diagnostics
import JSON
import Posix

/// The state of one resource.
struct ResourceStatus: Equatable, Sendable {
    enum State: String, Sendable {
        case inSync = "in sync"
        /// It is about to be rendered, or tried again.
        case pending
        case failed
        case reloadOwed = "reload owed"
        /// Its guard keeps the file as it is.
        case held
    }

    let name: String
    let destination: String
    var state: State
    /// The revision of the store that its file was written from last, nil if that is not known.
    var revision: Int64?
    /// When its file was replaced last, nil if that is not known.
    var changed: WallTime?
    /// Why it failed last, or is held; nil if neither.
    var error: String?
}

/// The report of `confd status`.
struct StatusReport {
    let status: DaemonStatus

    /// A line about confd, one for each backend, and a table of resources.
    var text: String {
        var lines = [headline] + status.sources.map(line(of:))
        if !status.resources.isEmpty {
            lines.append("")
            lines += table(
                [["RESOURCE", "STATE", "REVISION", "CHANGED", "DEST"]] + status.resources.map(cells(of:)))
        }
        if !status.servers.isEmpty {
            lines.append("")
            lines += table(
                [["SERVER", "STATUS", "TYPE", "SINCE", "GROUP", "RESOURCE"]] + status.servers.map(cells(of:)))
        }
        if !status.services.isEmpty {
            lines.append("")
            lines += table([["SERVICE", "STATE", "KEY"]] + status.services.map(cells(of:)))
        }
        let failures = status.resources.compactMap { resource in resource.error.map { "\(resource.name): \($0)" } }
        if !failures.isEmpty { lines += [""] + failures }
        lines += status.unusable.map { "\($0) cannot be used" }
        return lines.map { PrintableText.text($0) + "\n" }.joined()
    }

    private var headline: String {
        let owed = status.owed.count { $0.isOwed }
        return "confd \(Version.current): \(status.isReady ? "ready" : "the first pass is not complete"), "
            + "\(status.inSync) in sync, \(status.dirty) not, \(status.heldText)\(owed) \(owed == 1 ? "reload" : "reloads") owed"
    }

    private func line(of source: DaemonStatus.BackendState) -> String {
        "\(source.configuration.kind.name) \(source.configuration.sources.joined(separator: ", ")): "
            + "\(source.contact.isConnected ? "connected" : "not connected")\(source.contact.isStale ? ", stale" : ""), "
            + "revision \(source.revision), \(source.keyCount) keys"
    }

    private func cells(of resource: ResourceStatus) -> [String] {
        [
            resource.name, resource.state.rawValue, resource.revision.map { "\($0)" } ?? "-",
            resource.changed.map { Clock.rfc3339($0) } ?? "-", resource.destination,
        ]
    }

    private func cells(of server: ServerStatus) -> [String] {
        [
            server.target, server.status + (server.isHidden ? " (hidden)" : ""), server.health.type,
            Clock.rfc3339(server.health.since), server.group, server.resource,
        ]
    }

    private func cells(of service: ServiceStatus) -> [String] {
        let state = service.isRegistered ? "registered" : service.isUp ? "not registered yet" : "down"
        return [service.name, state, service.key]
    }

    /// Columns as wide as their longest cell, two spaces apart.
    private func table(_ rows: [[String]]) -> [String] {
        let widths = (0..<rows[0].count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { index, cell in
                // No padding after the last column.
                index == row.count - 1
                    ? cell.0 : cell.0 + String(repeating: " ", count: cell.1 - cell.0.count)
            }.joined(separator: "  ")
        }
    }
}

// MARK: - JSON

extension StatusReport {
    /// The whole report as one JSON object: `version`, `ready`, `in_sync`, `dirty`, `held`, `backends`, `resources`, `unusable`, `checks`,
    /// `services`, and `servers` in the form of nginx's check module (ngx_http_upstream_check_module).
    var json: [UInt8] {
        var writer = StatusWriter()
        writer.object {
            $0.set("version", Version.current)
            $0.set("ready", status.isReady)
            $0.set("in_sync", status.inSync)
            $0.set("dirty", status.dirty)
            $0.set("held", status.held)
            $0.array("backends", status.sources) { writer, source in
                writer.set("backend", source.configuration.kind.name)
                writer.set("source", source.configuration.sources.joined(separator: ","))
                writer.set("connected", source.contact.isConnected)
                writer.set("stale", source.contact.isStale)
                writer.set("last_contact", source.contact.lastHeard.map { Clock.rfc3339($0) })
                writer.set("revision", Int(source.revision))
                writer.set("keys", source.keyCount)
            }
            $0.array("resources", status.resources) { writer, resource in
                writer.set("resource", resource.name)
                writer.set("dest", resource.destination)
                writer.set("state", resource.state.rawValue)
                writer.set("revision", resource.revision.map { Int($0) })
                writer.set("changed", resource.changed.map { Clock.rfc3339($0) })
                writer.set("error", resource.error)
            }
            $0.array("unusable", status.unusable.map { $0 }) { writer, file in writer.set("file", file) }
            $0.array("checks", status.servers) { writer, server in
                writer.set("resource", server.resource)
                writer.set("group", server.group)
                writer.set("target", server.target)
                writer.set("status", server.status)
                writer.set("hidden", server.isHidden)
                writer.set("type", server.health.type)
                writer.set("rise", server.health.rise)
                writer.set("fall", server.health.fall)
                writer.set("since", Clock.rfc3339(server.health.since))
                writer.set("error", server.health.error)
            }
            $0.array("services", status.services) { writer, service in
                writer.set("service", service.name)
                writer.set("key", service.key)
                writer.set("up", service.isUp)
                writer.set("registered", service.isRegistered)
            }
            $0.member("servers") { writer in
                writer.set("total", status.servers.count)
                writer.set("generation", status.generation)
                writer.array("server", Array(status.servers.enumerated())) { writer, numbered in
                    let server = numbered.element
                    writer.set("index", numbered.offset)
                    writer.set("upstream", server.group)
                    writer.set("name", server.target)
                    writer.set("status", server.health.verdict.rawValue)
                    writer.set("rise", server.health.rise)
                    writer.set("fall", server.health.fall)
                    writer.set("type", server.health.type)
                    writer.set("port", server.port)
                }
            }
        }
        return PrintableText.json(writer.finish()) + [UInt8(ascii: "\n")]
    }
}

/// Writes members of JSON objects; nil becomes `null`.
private struct StatusWriter: ~Copyable {
    private var writer = JSONWriter()

    mutating func object(_ members: (inout StatusWriter) -> Void) {
        writer.beginObject()
        members(&self)
        writer.endObject()
    }

    mutating func member(_ name: String, _ members: (inout StatusWriter) -> Void) {
        key(name)
        object(members)
    }

    mutating func array<Element>(
        _ name: String, _ elements: [Element], _ members: (inout StatusWriter, Element) -> Void
    ) {
        key(name)
        writer.beginArray()
        for element in elements { object { members(&$0, element) } }
        writer.endArray()
    }

    mutating func set(_ name: String, _ text: String?) {
        key(name)
        guard let text else { return writer.appendNull() }
        Array(text.utf8).withUnsafeBufferPointer { writer.appendString($0) }
    }

    mutating func set(_ name: String, _ number: Int?) {
        key(name)
        if let number { writer.appendInt(number) } else { writer.appendNull() }
    }

    mutating func set(_ name: String, _ flag: Bool) {
        key(name)
        writer.appendBool(flag)
    }

    consuming func finish() -> [UInt8] { writer.finish() }

    private mutating func key(_ name: String) { Array(name.utf8).withUnsafeBufferPointer { writer.key($0) } }
}
