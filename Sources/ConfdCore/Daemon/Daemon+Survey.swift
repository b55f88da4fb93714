import Posix

extension Daemon {
    /// How everything is now.
    var survey: Survey {
        var survey = Survey()
        survey.isReady = isReady
        for id in entries.keys {
            if agenda[id]?.isInStep ?? false { survey.inSync += 1 } else { survey.dirty += 1 }
        }
        // A backend once, also where resources without permission wait for it by themselves.
        survey.sources = sources.filter { $0.key.separate == nil }.map { key, source in
            Survey.Source(
                configuration: key.backend, contact: source.follower.contact,
                revision: source.edition?.snapshot.revision ?? 0, keyCount: source.edition?.snapshot.count ?? 0)
        }.sorted { $0.configuration.kind.rawValue < $1.configuration.kind.rawValue }
        return survey
    }

    /// `-metrics-addr`. That nobody can look is no reason not to work.
    func serveMetrics() {
        guard let address = settings.metricsAddress, let (host, port) = MetricsServer.parse(address) else { return }
        let server = MetricsServer { [inbox, pipeline] path in
            // Whoever asks whether we are alive must not wait for the daemon's thread.
            if path == "/health" { return MetricsPage(metrics: pipeline.metrics, survey: nil).response(to: path) }
            // Without a descriptor for the request, there is no answer either.
            let request = try? SurveyRequest()
            if let request { inbox.post(.surveyWanted(request)) }
            return MetricsPage(metrics: pipeline.metrics, survey: request?.wait(.seconds(2))).response(to: path)
        }
        do {
            try server.start(host: host, port: port)
            logger.info("Serving metrics on \(address)")
        } catch {
            logger.error("-metrics-addr: \(error.message)")
        }
    }
}
