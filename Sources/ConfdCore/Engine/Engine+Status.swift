import Configuration
import Posix

extension Engine {
    /// The status now.
    var status: DaemonStatus {
        var status = DaemonStatus()
        status.isReady = isReady
        for state in table.states {
            if state.isHeld {
                status.held += 1
            } else if state.isInStep {
                status.inSync += 1
            } else {
                status.dirty += 1
            }
            let resource = state.resource
            if resource.reloadMethod != nil { status.owed.append((resource.destination, state.owedReload != nil)) }
            // A file from before does as well.
            if state.hasBeenInStep || Files.exists(resource.destination) { continue }
            let reason = state.history.failure ?? state.holdReason ?? "not tried yet"
            status.neverWritten.append((resource.destination, reason))
        }
        status.resources = table.states.map(\.status).sorted { $0.name < $1.name }
        status.owed.sort { $0.destination < $1.destination }
        status.neverWritten.sort { $0.destination < $1.destination }
        status.unusable = inventory.unusable
        status.servers = serverStatuses
        status.statistics = monitor.engine?.statistics
        status.services = services.statuses
        status.generation = generation
        // A backend once, also where resources without permission wait for it by themselves.
        status.sources = sources.values.filter { $0.key.separate == nil }.map { source in
            DaemonStatus.BackendState(
                configuration: source.key.backend, contact: source.follower.contact,
                revision: source.snapshot?.snapshot.revision ?? 0, keyCount: source.snapshot?.snapshot.count ?? 0)
        }.sorted { $0.configuration.name < $1.configuration.name }
        return status
    }

    /// Logs the status: USR1.
    func logStatus() {
        let status = status
        let owed = status.owed.filter(\.isOwed)
        logger.info(
            "State: \(status.isReady ? "ready" : "the first pass is not complete"), \(status.inSync) in sync, "
                + "\(status.dirty) not, \(status.heldText)\(owed.count) reloads owed, \(status.neverWritten.count) never written"
        )
        for source in status.sources {
            let name = source.configuration.sources.joined(separator: ", ")
            logger.info(
                "State: backend \(source.configuration.name) \(name): "
                    + "\(source.contact.isConnected ? "connected" : "not connected"), revision \(source.revision), "
                    + "\(source.keyCount) keys", source.configuration)
        }
        for (destination, _) in owed { logger.info("State: \(destination) is owed a reload") }
        for (destination, reason) in status.neverWritten {
            logger.info("State: \(destination) was never written: \(reason)")
        }
        for file in status.unusable { logger.info("State: \(file) cannot be used") }
    }

    /// `-metrics-addr` and `-control-socket`. A place where they cannot be served is logged; the work goes on.
    func serveStatus() {
        let listeners = [metricsListener(), controlListener()].compactMap { $0 }
        if listeners.isEmpty { return }
        let access = StatusAccess(settings.statusAllow)
        let server = MetricsServer { [inbox, applier] request in
            let page: @Sendable (DaemonStatus?) -> HTTPResponse = { status in
                MetricsPage(metrics: applier.metrics, status: status, showsStatus: access.allows(request.peer))
                    .response(to: request.path)
            }
            if request.isPost { return Self.answer(toPost: request, inbox) }
            // A health check must not wait for the engine's thread. Without a descriptor for the request, there is no
            // answer either.
            guard request.path != "/health", let asked = try? StatusRequest() else { return .now(page(nil)) }
            inbox.post(.statusWanted(asked))
            return .later(asked.descriptor) { page(asked.result) }
        }
        do {
            try server.start(listeners)
        } catch {
            logger.error("cannot serve metrics and status: \(error.message)")
        }
    }

    /// `POST /release/RESOURCE`, for those who can connect to the control socket.
    private static func answer(toPost request: MetricsServer.Request, _ inbox: Inbox) -> MetricsServer.Answer {
        let type = "text/plain; charset=utf-8"
        guard request.peer == nil, let name = ReleasePath.resource(of: request.path),
            let asked = try? EngineRequest<ReleaseAnswer>()
        else { return .now(HTTPResponse(405, type, "")) }
        inbox.post(.releaseWanted(name, asked))
        return .later(asked.descriptor) {
            switch asked.result {
            case .released: HTTPResponse(200, type, "")
            case .notHeld: HTTPResponse(409, type, "")
            case .unknown(let suggestion): HTTPResponse(404, type, suggestion ?? "")
            case nil: HTTPResponse(503, type, "")
            }
        }
    }

    private func metricsListener() -> MetricsServer.Listener? {
        guard let given = settings.metricsAddress, let address = HostPort(given) else { return nil }
        do {
            let listener = MetricsServer.Listener(try SocketListener(host: address.host, port: address.port))
            logger.info("Serving metrics on \(given)")
            return listener
        } catch {
            logger.error("-metrics-addr: \(error.message)")
            return nil
        }
    }

    /// Without the right to make the default one, there is none, and only one that was asked for is missed.
    private func controlListener() -> MetricsServer.Listener? {
        guard let path = settings.controlSocket else { return nil }
        do throws(ControlSocket.Problem) {
            return try ControlSocket.listen(at: path)
        } catch {
            log(error.message(path), isMissed: error == .inUse || settings.origins["control-socket"] != nil)
            return nil
        }
    }

    private func log(_ message: String, isMissed: Bool) {
        if isMissed { logger.warning(message) } else { logger.debug(message) }
    }
}
