import Configuration
import KeyValue
import Rendering
import Staging

// Warnings about what is probably a mistake, and is no failure.
extension Applier {
    /// `-noop`: whether the reload of a file that is in sync would be run, because it failed before. This is logged.
    func owesReload(_ resource: Resource, _ destination: Destination) throws(StepFailure) -> Bool {
        guard resource.reloads, !settings.syncOnly, try isMarked(destination) else { return false }
        logger.warning(
            "\(resource.name): a reload of \(resource.destination) is owed: the file is in place, and the service may not have it",
            resource)
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

    /// Warns of a resource that names keys, none of which is there: its file is rendered without any.
    func warnOfNoKeys(_ request: RenderRequest, _ view: Snapshot) {
        let resource = request.resource
        guard view.isEmpty, !resource.ranges.isEmpty, resource.item == nil else { return }
        // Health checks hide keys that are there.
        guard request.store.view(of: resource.ranges, strippingPrefix: resource.prefix).isEmpty else { return }
        let paths = resource.ranges.map { String(decoding: $0.path, as: UTF8.self) }.joined(separator: ", ")
        let near = resource.ranges.lazy.compactMap { NearKeys.path(near: $0.path, in: request.store) }.first
        warnings.give(
            "\(resource.name): no key is there below \(paths)",
            hint: near.map { "did you mean \"\(String(decoding: $0, as: UTF8.self))\"?" })
    }
}
