import Configuration
import KeyValue
import Rendering
import Staging

// Reloads that are owed, and warnings about what is probably a mistake.
extension Applier {
    /// `-noop`: whether the reload of a file that is in sync is owed, because it failed or runs now. This is logged as an error,
    /// as it decides the exit code.
    func owesReload(_ resource: Resource, _ destination: Destination) throws(StepFailure) -> Bool {
        guard resource.reloads, !settings.syncOnly, try isMarked(destination) else { return false }
        logger.error(
            "\(resource.name): a reload of \(resource.destination) is owed: the file is in place, and the service may not have it",
            resource.logFields.explained(hint: "a running confd may be reloading it now: see `confd status`"))
        return true
    }

    /// Warns of a reload that is owed by an earlier definition, and that the present one does not have.
    func warnOfLostReload(of resource: Resource, _ destination: Destination) throws(StepFailure) {
        if resource.reloads || resource.rollout != nil || settings.syncOnly { return }
        guard try isMarked(destination) else { return }
        // Of items there may be thousands: once for all of them.
        let subject =
            resource.item == nil
            ? "\(resource.name): a reload of \(resource.destination)" : "\(resource.file): a reload of its files"
        warnings.give(
            "\(subject) is owed, and the resource has no reload any more: the service may not have the file",
            hint: "was its reload_cmd misspelled, or removed?")
    }

    private func isMarked(_ destination: Destination) throws(StepFailure) -> Bool {
        do throws(StagingError) {
            return try destination.reloadMark() != nil
        } catch {
            throw .staging(error)
        }
    }

    /// Warns of a key that its resource does not see because of its path.
    func warnOfClimbingKey(_ request: RenderRequest) {
        guard let key = request.snapshot.climbingKey(in: request.resource.ranges) else { return }
        warnings.give(
            "\(request.resource.name): the key \"\(String(decoding: key, as: UTF8.self))\" is left out: its path has \"..\"",
            hint: "with \"..\" it would stand for a key that its writer may not be allowed to set")
    }

    /// Warns of a file that is rendered without any keys, although the template asks for some: the resource names none, or none
    /// of them is there.
    func warnOfNoKeys(_ request: RenderRequest, _ view: Snapshot, _ reads: ReadSet?) {
        let resource = request.resource
        guard view.isEmpty, resource.item == nil else { return }
        guard !resource.ranges.isEmpty else {
            guard let reads, !reads.isEmpty else { return }
            return warnings.give(
                "\(resource.name) has no keys = […], so there is never anything for its template to read",
                hint: "name what the template reads, for example keys = [\"/app\"]")
        }
        // Health checks hide keys that are there.
        guard request.store.view(of: resource.ranges, strippingPrefix: resource.prefix).isEmpty else { return }
        let paths = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }.joined(separator: ", ")
        let near = resource.ranges.lazy.compactMap { NearKeys.path(near: $0.path, in: request.store) }.first
        warnings.give(
            "\(resource.name): no key is there below \(paths)",
            hint: near.map { "did you mean \"\(String(decoding: $0, as: UTF8.self))\"?" })
    }
}
