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

    /// `-metrics-addr`. That nobody can look is no reason not to work.
    func serveMetrics() {
        guard let given = settings.metricsAddress, let address = HostPort(given) else { return }
        let server = MetricsServer { [inbox, pipeline] path in
            let page: @Sendable (Survey?) -> HTTPResponse = { survey in
                MetricsPage(metrics: pipeline.metrics, survey: survey).response(to: path)
            }
            // Whoever asks whether we are alive must not wait for the daemon's thread. Without a descriptor for the
            // request, there is no answer either.
            guard path != "/health", let request = try? SurveyRequest() else { return .now(page(nil)) }
            inbox.post(.surveyWanted(request))
            return .later(request.descriptor) { page(request.result) }
        }
        do {
            try server.start(host: address.host, port: address.port)
            logger.info("Serving metrics on \(given)")
        } catch {
            logger.error("-metrics-addr: \(error.message)")
        }
    }
}
