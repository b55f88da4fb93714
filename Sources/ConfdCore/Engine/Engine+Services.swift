import Checks
import Configuration
import Posix

// Services that this confd registers.
extension Engine {
    /// Takes up the services of conf.d, or the one of `confd register`.
    func updateServices(at now: Duration) {
        let wanted = inventory.services
        if mode == .once {
            guard let first = wanted.first else { return }
            let more = wanted.count == 1 ? "" : " and \(wanted.count - 1) more"
            return logger.info("\(first.name)\(more): -onetime registers no service")
        }
        services.set(wanted, at: now)
        guard !isStopping, !services.isEmpty else { return }
        // Before the command after `--` ends, its keys are taken out.
        requests.holdEndOfChild(drain: wanted.map(\.drain).max() ?? .zero)
    }

    /// Whether `confd register`, which starts something that waits for the key, has it in the store.
    var isRegistered: Bool { settings.subcommand != .register || !services.registered.isEmpty }

    /// What is left to do for services once we are to end; the signal goes on to the command when that is done.
    func endServices() {
        services.stop()
        // Once the command has ended, there is nothing that readers could still ask.
        let hasEnded = supervisor.map { $0.hasStarted && !$0.isRunning } ?? false
        if requests.takeSecondStop() {
            services.stopRemoving()
        } else if hasEnded {
            services.skipDrain()
        }
        guard services.isFinished else { return }
        requests.releaseEndOfChild()
    }

    /// Evaluates services on a thread of their own, because a resolver may take half a minute.
    static func evaluate(_ definitions: [ServiceDefinition], _ workers: Workers, _ inbox: Inbox) {
        workers.renderers.run { place in
            place.giveUp()
            inbox.post(.servicesEvaluated(definitions.map { EvaluatedService($0) }))
        }
    }
}
