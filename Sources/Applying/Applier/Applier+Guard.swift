import Configuration
import KeyValue
import Staging

// `[template.guard]`: what a rendering may lose at once.
extension Applier {
    /// Whether the guard of the resource holds `content`; the file gets the guard's report.
    func holds(
        _ content: [UInt8], _ comparison: Comparison, _ destination: Destination, _ file: inout RenderedFile
    ) throws(StepFailure) -> Bool {
        file.guardReport = try guardReport(file, content, comparison, destination)
        guard let report = file.guardReport, !report.violations.isEmpty, !file.request.guardBasis.isBelieved else {
            return false
        }
        // With -noop there is nothing to hold: only log what would be held.
        if settings.noop {
            let message = Self.holdMessage(file.resource, report.violations, hasFile: comparison != .absent)
            logger.warning(message, file.resource)
        }
        return !settings.noop
    }

    /// What the guard of the resource says of `content`, which `comparison` compares with the file; nil without a guard.
    func guardReport(
        _ file: RenderedFile, _ content: [UInt8], _ comparison: Comparison, _ destination: Destination
    ) throws(StepFailure) -> GuardReport? {
        let resource = file.resource
        guard let limits = resource.guardLimits, !limits.isEmpty else { return nil }
        let basis = file.request.guardBasis
        if limits.maxDrop != nil, !basis.isKept, !settings.noop {
            throw .guardIsBlind
        }
        let view = file.request.store.view(of: resource.ranges, strippingPrefix: resource.prefix)
        let keys = AppliedKeys(KeyCounts(of: view, limits), origin: origin(file, limits, view))
        if comparison.isSameContent { return GuardReport(keys: keys, violations: []) }
        let hasFile = comparison != .absent
        let lines = hasFile ? lineLoss(limits, basis.applied, keys, content, destination) : nil
        return GuardReport(
            keys: keys,
            violations: limits.violations(of: keys.counts, after: basis.applied?.counts, hasFile: hasFile, lines: lines)
        )
    }

    /// Keys and templates: while they are the same, only verdicts of health checks change the rendering. nil where that makes no
    /// difference.
    private func origin(_ file: RenderedFile, _ limits: GuardLimits, _ view: Snapshot) -> AppliedKeys.Origin? {
        if limits.maxChange == nil || file.resource.healthChecks.isEmpty { return nil }
        return AppliedKeys.Origin(keys: view, sources: file.inputs.sources)
    }

    /// The lines that the file would lose; nil if they do not count, because nobody limits them or verdicts alone have changed
    /// the rendering.
    private func lineLoss(
        _ limits: GuardLimits, _ applied: AppliedKeys?, _ keys: AppliedKeys, _ content: [UInt8],
        _ destination: Destination
    ) -> LineLoss? {
        if limits.maxChange == nil { return nil }
        if let new = keys.origin, let old = applied?.origin, new.isSame(as: old) { return nil }
        do throws(StagingError) {
            return try destination.read().map { LineLoss(from: $0, to: content) }
        } catch {
            // A file that cannot be read is replaced all the same.
            warnings.give("\(error.message), so its lines are not counted (max_change)")
            return nil
        }
    }

    /// What is said of a resource whose rendering is held; `hasFile`: its file is there.
    package static func holdMessage(_ resource: Resource, _ violations: [GuardViolation], hasFile: Bool) -> String {
        let time = resource.guardLimits?.hold ?? GuardLimits.standardHold
        // Of items it is the removal that is held.
        let (file, fate) =
            resource.isGroup
            ? ("the files stay", "they are removed")
            : hasFile
                ? ("\(resource.destination) stays as it is", "it is replaced")
                : ("\(resource.destination) is not there, and is not written", "it is written")
        let end =
            time > .zero
            ? "for \(GoDuration.text(time)), then \(fate) (at once: \(resource.releaseCommand))"
            : "until released: \(resource.releaseCommand)"
        // Another confd on this machine may have found what.
        let reason = violations.isEmpty ? "" : ": " + GuardViolation.text(violations)
        return "\(resource.name): held by guard\(reason); \(file) \(end)"
    }
}
