extension StepReport {
    /// Takes each step with `take`. What the API refuses is reported, and the other servers' steps go on; after any other
    /// error nothing is known, and it is thrown.
    static func performing(
        _ steps: [Step], _ take: (Step) throws(ApplierError) -> Void
    ) throws(ApplierError) -> StepReport {
        var report = StepReport()
        var failed: Set<String> = []
        for step in steps where !failed.contains(step.server) {
            do throws(ApplierError) {
                try take(step)
            } catch {
                guard case .status = error.kind else { throw error }
                failed.insert(step.server)
                report.failures.append(Failure(step.server, error))
            }
        }
        return report
    }
}
