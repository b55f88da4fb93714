import Configuration
import KeyValue
import Posix
import Staging
import TextTemplate

// `[template.rollout]`: what this host does in its turn.
extension Applier {
    /// Whether `file` stays as it is because other hosts go first. Mode and owner alone are corrected at once.
    func waits(_ comparison: Comparison, _ file: RenderedFile) -> Bool {
        if file.resource.rollout == nil || settings.noop || comparison.isSameContent { return false }
        guard let id = file.changeID, let rollout = file.request.rollout else { return true }
        return !rollout.permitted.contains(id)
    }

    /// The least time of an attempt to verify, so that the last one does not just time out.
    private static let shortestAttempt = Duration.seconds(1)

    /// Whether the service works with the new file: runs `verify_cmd`, or sends `verify_http`, until it succeeds or the time is
    /// over. Returns what went wrong last, nil if nothing did.
    package func verify(_ resource: Resource, _ definition: RolloutDefinition, over snapshot: Snapshot) -> String? {
        guard let verification = definition.verify else { return nil }
        let end = Clock.monotonic() + definition.verifyTimeout
        while true {
            let timeout = max(end - Clock.monotonic(), Self.shortestAttempt)
            let problem = tryToVerify(resource, verification, over: snapshot, timeout: timeout)
            guard problem != nil, !cancellation.isCancelled, Clock.monotonic() + .seconds(1) < end else {
                return problem
            }
            // A service needs a moment after its reload. If the wait fails, it is asked again at once.
            try? cancellation.wait(.seconds(1))
        }
    }

    private func tryToVerify(
        _ resource: Resource, _ verification: Verification, over snapshot: Snapshot, timeout: Duration
    ) -> String? {
        let destination = resource.destination
        let problem: String?
        do throws(StepFailure) {
            switch verification {
            case .command(let template):
                let command = try filled { () throws(TemplateError) in
                    try template.invocation(source: destination, destination: destination)
                }
                let changes = KeyChanges(base: .unknown, snapshot: snapshot, ranges: resource.ranges)
                let environment = commandEnvironment(resource, source: destination, changes)
                let result = run(command, verification.field, resource, environment, [], timeout: timeout)
                problem = result.succeeded ? nil : result.message
            case .request(let request):
                let bodyFile = try filled { () throws(TemplateError) in
                    try request.bodyPath(destination: destination)
                }
                problem = answer(to: request, bodyFile, resource, timeout: timeout)
            }
        } catch {
            problem = error.message
        }
        return problem.map { "\(verification.field) failed: \($0)" }
    }

    /// What is wrong with the answer of the service, nil if nothing is.
    private func answer(
        to request: ServiceRequest, _ bodyFile: String?, _ resource: Resource, timeout: Duration
    ) -> String? {
        logger.debug("Sending \(request.method) \(request.url.name)", resource)
        var problem: String?
        do throws(ReloadError) {
            try requests.send(request, bodyFile: bodyFile, timeout: timeout)
        } catch {
            problem = error.message
        }
        metrics.countCommand("check", resource, succeeded: problem == nil)
        return problem
    }

    /// The turn of this host is over: removes the mark, and the previous file that was kept.
    package func accept(_ resource: Resource) { clearMark(of: resource) }

    /// Puts the file back that this host's turn replaced, and owes its service a reload. `inputs` are those of the last
    /// rendering.
    package func rollBack(_ request: RenderRequest, _ inputs: Inputs) -> Outcome {
        var changes = changes(of: request)
        changes.areUndone = true
        var file = RenderedFile(
            request: request, content: nil, inputs: inputs, changes: changes, keyCount: 0,
            began: Clock.monotonic(), secrets: [], servers: nil, history: request.history, isRollback: true)
        let resource = request.resource
        do throws(StepFailure) {
            let destination: Destination
            let previous: [UInt8]?
            do throws(StagingError) {
                destination = try Destination(resolving: resource.destination)
                // After a restart only the kept file is left.
                if let known = request.history.beforeTurn {
                    previous = known
                } else {
                    previous = try destination.readReplaced()
                }
            } catch {
                throw .staging(error)
            }
            guard let previous else { throw .nothingToPutBack(destination: resource.destination) }
            logger.warning("\(resource.name): putting the previous \(resource.destination) back", resource)
            let staged = try stage(previous, resource, destination)
            let reload = try owedReload(file, destination, source: staged.path, isNew: true)
            let options = CheckedFile.Options(reloadMark: mark(of: reload, resource))
            try replace(&file, destination, previous, by: staged.withoutCheck(), options)
            if reload == nil { clearMark(of: resource) }
            return file.completed(Outcome(.updated, reload: reload))
        } catch {
            log(error, of: resource)
            return file.completed(Outcome(.failed))
        }
    }
}
