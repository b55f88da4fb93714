import Posix

extension Daemon {
    /// How everything is now.
    var survey: Survey {
        var survey = Survey()
        survey.isReady = isReady
        for (id, entry) in entries {
            if agenda[id]?.isInStep ?? false { survey.inSync += 1 } else { survey.dirty += 1 }
            let resource = entry.resource
            if resource.reloads { survey.owed.append((resource.destination, entry.reload != nil)) }
            // A file from before does as well.
            if agenda[id]?.hasBeenInStep ?? false || Files.exists(resource.destination) { continue }
            survey.neverWritten.append((resource.destination, pipeline.lastFailure(of: resource) ?? "not tried yet"))
        }
        survey.resources = entries.map { id, entry in status(of: id, entry) }.sorted { $0.name < $1.name }
        survey.owed.sort { $0.destination < $1.destination }
        survey.neverWritten.sort { $0.destination < $1.destination }
        survey.unusable = inventory.unusable
        // A backend once, also where resources without permission wait for it by themselves.
        survey.sources = sources.filter { $0.key.separate == nil }.map { key, source in
            Survey.Source(
                configuration: key.backend, contact: source.follower.contact,
                revision: source.edition?.snapshot.revision ?? 0, keyCount: source.edition?.snapshot.count ?? 0)
        }.sorted { $0.configuration.name < $1.configuration.name }
        return survey
    }

    /// Logs how everything is now: USR1.
    func logStatus() {
        let survey = survey
        let owed = survey.owed.filter(\.isOwed)
        logger.info(
            "State: \(survey.isReady ? "ready" : "the first pass is not complete"), \(survey.inSync) in sync, "
                + "\(survey.dirty) not, \(owed.count) reloads owed, \(survey.neverWritten.count) never written")
        for source in survey.sources {
            let name = source.configuration.sources.joined(separator: ", ")
            logger.info(
                "State: backend \(source.configuration.name) \(name): "
                    + "\(source.contact.isConnected ? "connected" : "not connected"), revision \(source.revision), "
                    + "\(source.keyCount) keys", source.configuration)
        }
        for (destination, _) in owed { logger.info("State: \(destination) is owed a reload") }
        for (destination, reason) in survey.neverWritten {
            logger.info("State: \(destination) was never written: \(reason)")
        }
        for file in survey.unusable { logger.info("State: \(file) cannot be used") }
    }

    /// `-metrics-addr` and `-control-socket`. A place where they cannot be served is logged; the work goes on.
    func serveStatus() {
        let listeners = [metricsListener(), controlListener()].compactMap { $0 }
        if listeners.isEmpty { return }
        let access = StatusAccess(settings.statusAllow)
        let server = MetricsServer { [inbox, pipeline] request in
            let page: @Sendable (Survey?) -> HTTPResponse = { survey in
                MetricsPage(metrics: pipeline.metrics, survey: survey, showsStatus: access.allows(request.peer))
                    .response(to: request.path)
            }
            // Whoever asks whether we are alive must not wait for the daemon's thread. Without a descriptor for the
            // request, there is no answer either.
            guard request.path != "/health", let asked = try? SurveyRequest() else { return .now(page(nil)) }
            inbox.post(.surveyWanted(asked))
            return .later(asked.descriptor) { page(asked.result) }
        }
        do {
            try server.start(listeners)
        } catch {
            logger.error("cannot serve metrics and status: \(error.message)")
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
