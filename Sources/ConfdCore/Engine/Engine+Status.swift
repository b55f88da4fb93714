import Configuration
import Posix
import Rollout

extension Engine {
    /// The status at `now`.
    func status(at now: Duration) -> DaemonStatus {
        var status = DaemonStatus()
        status.host = (try? Host.name()) ?? ""  // Nothing but a headline lacks it.
        status.started = startTime
        status.time = Clock.wall()
        status.events = events.newestFirst
        status.isReady = isReady
        status.commandObstacle = commandObstacle?.text
        for state in table.states {
            if state.isHeld {
                status.held += 1
            } else if state.waitsForHosts {
                status.waiting += 1
            } else if state.isInSync {
                // Of a resource with items the files count.
                if !state.resource.isGroup { status.inSync += 1 }
            } else {
                status.dirty += 1
            }
            let resource = state.resource
            if let balancer = state.balancerStatus { status.balancers.append(balancer) }
            if resource.rollout != nil { status.rollouts.append((resource.destination, state.rollout)) }
            // Of many items, those that are as they should be are not listed.
            if resource.reloads, state.owner == nil || state.owesReload {
                status.owed.append((resource.destination, state.owesReload))
            }
            // A file of an earlier run counts as written.
            if state.hasBeenInStep || state.items?.hasBegun ?? false || Files.exists(resource.destination) { continue }
            let reason =
                state.history.failure ?? state.holdReason ?? state.rollout.message ?? state.problem?.message
                ?? "not tried yet"
            status.neverWritten.append((resource.destination, reason))
        }
        status.resources = resourceStatuses(at: now)
        status.balancers.sort { $0.resource < $1.resource }
        status.rollouts.sort { $0.destination < $1.destination }
        status.owed.sort { $0.destination < $1.destination }
        status.neverWritten.sort { $0.destination < $1.destination }
        status.unusable = inventory.unusable
        status.servers = serverStatuses
        status.checkProblems = checkProblems
        status.statistics = monitor.engine?.statistics
        status.services = services.statuses(at: now)
        status.generation = generation
        // A backend once, also where resources without permission wait for it by themselves.
        status.sources = sources.values.filter { $0.key.separate == nil }.map { source in
            var contact = source.follower.contact
            // Keys of an earlier run may be wrong by now.
            if source.isCached { contact.isStale = true }
            return DaemonStatus.BackendState(
                configuration: source.key.backend, contact: contact,
                revision: source.snapshot?.snapshot.revision ?? 0, keyCount: source.snapshot?.snapshot.count ?? 0,
                failure: source.follower.failure?.message, isOptional: source.isOptional)
        }.sorted { $0.configuration.name < $1.configuration.name }
        return status
    }

    /// The status at `now`, with the item `name` if that is one, which is not listed otherwise while it is in sync.
    func status(at now: Duration, with name: String?) -> DaemonStatus {
        var status = status(at: now)
        guard let name, status.only(name) == nil else { return status }
        let item = table.states.first { state in
            state.owner != nil
                && (ResourceName.isMeant(state.resource.name, by: name) || state.resource.destination == name)
        }
        if let item { status.resources.append(item.status(at: now)) }
        return status
    }

    /// The resources, and of items those that are not as they should be, by name.
    func resourceStatuses(at now: Duration) -> [ResourceStatus] {
        table.states.filter { $0.owner == nil || !$0.isInSync }.map { $0.status(at: now) }.sorted { $0.name < $1.name }
    }

    /// `confd explain -last`.
    func lastChange(of name: String) -> LastChangeAnswer {
        guard let state = table.byName[name] ?? table.states.first(where: { $0.resource.name == name }) else {
            return .unknown(suggestion: ResourceName.nearest(to: name, among: table.states.map(\.resource.name)))
        }
        guard let time = state.lastChangeTime ?? state.recordOfFile?.changed else { return .never }
        let revision = state.lastChange?.revision ?? state.recordOfFile?.revision ?? 0
        return .change(LastChange(time: time, revision: revision, change: state.lastChange))
    }

    /// Logs the status: USR1.
    func logStatus() {
        let status = status(at: clock())
        let owed = status.owed.filter(\.isOwed)
        logger.info(
            "State: \(Readiness(status: status).word), \(status.inSync) in sync, "
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

    /// Serves `-metrics-addr` and `-control-socket`. An address that cannot be served is logged, and is no failure of the engine.
    func serveStatus() {
        let listeners = [metricsListener(), controlListener()].compactMap { $0 }
        if listeners.isEmpty { return }
        let access = StatusAccess(settings.statusAllow)
        let server = MetricsServer { [inbox, applier] request in
            if request.isPost { return Self.answer(toPost: request, inbox) }
            if request.peer == nil, let name = ResourcePath.last.resource(of: request.path) {
                return Self.answer(toLast: name, inbox)
            }
            let pages = StatusPages(request, access, metrics: applier.metrics)
            switch pages.route {
            case .now(let response): return .now(response)
            case .status(let response):
                // Without a descriptor for the question, there is no answer either.
                guard let question = try? Question<DaemonStatus>() else { return .now(response(nil)) }
                inbox.post(.statusWanted(question, of: StatusPages.resource(of: request)))
                return .later(question.descriptor, within: StatusPages.patience) { response(question.result) }
            case .wait(let condition, let time):
                guard let question = try? Question<WaitCondition.Verdict>() else {
                    return .now(StatusPages.busy)
                }
                let wait = WaitRequest(condition, question)
                inbox.post(.waitWanted(wait))
                // The engine drops the request with the connection, which holds it here.
                return .later(question.descriptor, within: time) { StatusPages.response(to: wait) }
            }
        }
        do {
            try server.start(listeners)
        } catch {
            logger.error("cannot serve metrics and status: \(error.message)")
        }
    }

    /// `POST /clean/RESOURCE` and `POST /release/RESOURCE`, for those who can connect to the control socket.
    private static func answer(toPost request: MetricsServer.Request, _ inbox: Inbox) -> MetricsServer.Answer {
        guard request.peer == nil else { return .now(.text(405, "")) }
        if let name = ResourcePath.clean.resource(of: request.path) { return answer(toClean: name, inbox) }
        guard let name = ResourcePath.release.resource(of: request.path) else { return .now(.text(405, "")) }
        guard let question = try? Question<ReleaseAnswer>() else { return .now(StatusPages.busy) }
        inbox.post(.releaseWanted(name, question))
        return .later(question.descriptor, within: StatusPages.patience) {
            switch question.result {
            case .released: .text(200, "", fields: StatusPages.identity)
            case .notHeld(let failure): .text(409, failure ?? "", fields: StatusPages.identity)
            case .unknown(let suggestion): .text(404, suggestion ?? "", fields: StatusPages.identity)
            case nil: StatusPages.busy
            }
        }
    }

    private static func answer(toClean name: String, _ inbox: Inbox) -> MetricsServer.Answer {
        guard let question = try? Question<CleanAnswer>() else { return .now(StatusPages.busy) }
        inbox.post(.cleanWanted(name, question))
        return .later(question.descriptor, within: StatusPages.cleaningTime) {
            question.result?.response ?? StatusPages.busy
        }
    }

    /// `GET /last/RESOURCE`, likewise.
    private static func answer(toLast name: String, _ inbox: Inbox) -> MetricsServer.Answer {
        guard let question = try? Question<LastChangeAnswer>() else { return .now(StatusPages.busy) }
        inbox.post(.lastChangeWanted(name, question))
        return .later(question.descriptor, within: StatusPages.patience) {
            switch question.result {
            case .change(let change): .text(200, change.text, fields: StatusPages.identity)
            case .never: .text(200, "", fields: StatusPages.identity)
            case .unknown(let suggestion): .text(404, suggestion ?? "", fields: StatusPages.identity)
            case nil: StatusPages.busy
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

    /// nil where it cannot be used: a warning if it is in use or was asked for, as the default may be missing.
    private func controlListener() -> MetricsServer.Listener? {
        guard let path = settings.controlSocket else { return nil }
        do throws(ControlSocket.Problem) {
            let listener = try ControlSocket.listen(at: path)
            servedSocket = path
            return listener
        } catch {
            log(error.message(path), isMissed: error == .inUse || settings.origins["control-socket"] != nil)
            return nil
        }
    }

    private func log(_ message: String, isMissed: Bool) {
        if isMissed { logger.warning(message) } else { logger.debug(message) }
    }
}
