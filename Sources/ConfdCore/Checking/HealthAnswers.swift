import Applying
import Checks
import Posix
import Rendering
import TextTemplate

/// Answers `healthy` and `health` in the templates of one resource.
struct HealthAnswers: HealthSource {
    let tables: [TargetTable]
    /// nil where nothing is probed.
    let engine: CheckEngine?

    func health(ofKey key: ByteString) -> HealthRecord? {
        for table in tables {
            guard let target = table.target(ofKey: key.array) else { continue }
            let check = table.check.check
            let health = target.flatMap { engine?.health(of: CheckedTarget($0, check)) }
            return HealthRecord(health, check, isUp: target.flatMap { table.verdict(of: $0) })
        }
        return nil
    }
}

extension HealthRecord {
    /// The health of a target; `isUp` is the verdict where `health` has none, such as a daemon's in `-onetime`.
    convenience init(_ health: Health?, _ check: HealthCheck, isUp: Bool?) {
        let verdict = health?.verdict ?? isUp.map { $0 ? .up : .down } ?? check.options.initial
        let isKnown = health?.hasVerdict ?? (isUp != nil)
        let since = health?.since ?? Clock.wall()
        self.init(
            isUp: verdict == .up, status: isKnown ? verdict.rawValue : "unknown", rise: health?.rise ?? 0,
            fall: health?.fall ?? 0, type: check.kind.name,
            since: Time(
                unixSeconds: Int(since.seconds), nanoseconds: Int(since.nanoseconds),
                local: TemplateEnvironment.local),
            error: health?.error ?? "")
    }
}
