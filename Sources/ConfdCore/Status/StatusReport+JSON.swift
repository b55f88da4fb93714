import Configuration
import Diagnostics
import JSON
import Posix

extension StatusReport {
    /// The whole report as one JSON object, whose members docs/status.md lists; among them `servers` in the form of nginx's check
    /// module (ngx_http_upstream_check_module).
    var json: [UInt8] {
        var writer = StatusWriter()
        writer.object {
            $0.set("version", Version.current)
            $0.set("protocol", StatusPages.protocolVersion)
            $0.set("host", status.host)
            $0.set("started", Clock.rfc3339(status.started))
            $0.set("time", Clock.rfc3339(status.time))
            let obstacle = Readiness(status: status).problem
            $0.set("ready", obstacle == nil)
            $0.set("unready_reason", obstacle.map(PrintableText.bounded))
            $0.set("command_waits_for", status.commandObstacle.map(PrintableText.bounded))
            $0.set("in_sync", status.inSync)
            $0.set("dirty", status.dirty)
            $0.set("held", status.held)
            if !status.rollouts.isEmpty { $0.set("waiting", status.waiting) }
            $0.array("backends", status.sources) { writer, source in
                writer.set("backend", source.configuration.kind.name)
                writer.set("source", source.configuration.sources.joined(separator: ","))
                writer.set("connected", source.contact.isConnected)
                writer.set("stale", source.contact.isStale)
                if source.isOptional { writer.set("optional", true) }
                writer.set("last_contact", source.contact.lastHeard.map { Clock.rfc3339($0) })
                writer.set("revision", Int(source.revision))
                writer.set("keys", source.keyCount)
                writer.set("error", source.failure.map(PrintableText.bounded))
            }
            $0.array("resources", status.resources) { $0.set($1) }
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
            $0.array("check_problems", status.checkProblems) { writer, item in
                writer.set("resource", item.resource)
                writer.set("error", PrintableText.bounded(item.problem.message))
            }
            $0.array("services", status.services) { writer, service in
                writer.set("service", service.name)
                writer.set("key", service.key)
                writer.set("up", service.isUp)
                writer.set("registered", service.isRegistered)
                writer.set("error", service.problem.map(PrintableText.bounded))
            }
            $0.array("balancers", status.balancers) { writer, balancer in
                writer.set("resource", balancer.resource)
                writer.set("balancer", balancer.balancer)
                writer.set("equal", balancer.isEqual)
                writer.set("left_to_reload", balancer.isLeftToReload)
                writer.set("servers", balancer.servers)
                writer.set("leaving", balancer.leaving)
                writer.set("error", balancer.obstacle)
            }
            $0.array("events", status.events) { writer, event in
                writer.set("time", Clock.rfc3339WithMilliseconds(event.time))
                writer.set("event", event.kind.rawValue)
                writer.set("subject", event.subject)
                writer.set("detail", event.detail)
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

extension StatusWriter {
    /// The members of a resource.
    fileprivate mutating func set(_ resource: ResourceStatus) {
        set("resource", resource.name)
        set("file", resource.file)
        set("dest", resource.destination)
        set("state", resource.state.rawValue)
        set("next_try_seconds", resource.nextTry)
        set("revision", resource.revision.map { Int($0) })
        set("keys", resource.figures?.keys)
        set("bytes", resource.figures?.bytes)
        set("changed", resource.change.map { Clock.rfc3339($0.time) })
        set("change_seconds", resource.change?.duration)
        if let run = resource.reload {
            member("reload") { writer in
                writer.set("time", Clock.rfc3339(run.ended))
                writer.set("seconds", run.duration)
                writer.set("result", run.result)
                writer.set("succeeded", run.problem == nil)
            }
        } else {
            setNull("reload")
        }
        set("error", resource.problem.map { PrintableText.bounded($0.message) })
        if let place = resource.problem?.place {
            member("place") { writer in
                writer.set("file", place.file)
                writer.set("line", place.line)
                writer.set("column", place.column)
            }
        } else {
            setNull("place")
        }
        set("hint", resource.problem?.hint)
    }
}
