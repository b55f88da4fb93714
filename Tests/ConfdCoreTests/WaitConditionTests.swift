import Posix
import Testing

@testable import Applying
@testable import ConfdCore

/// When `confd wait` ends.
@Suite struct WaitConditionTests {
    private typealias Progress = WaitCondition.Progress

    private func resource(
        _ name: String, _ state: ResourceStatus.State, isSettled: Bool = true, _ problem: String? = nil
    ) -> ResourceStatus {
        var status = ResourceStatus(name: name, file: "/c/\(name)", destination: "/d/\(name)", state: state)
        status.isSettled = isSettled
        status.problem = problem.map { History.Problem(message: $0) }
        return status
    }

    private func etcd(_ revision: Int64?, isMain: Bool = true, _ name: String = "etcd a") -> Progress {
        Progress(name: name, revision: revision, isMain: isMain)
    }

    private func verdict(
        _ revision: Int64?, _ backends: [Progress], _ resources: [ResourceStatus], unusable: [String] = []
    ) -> WaitCondition.Verdict {
        WaitCondition(revision: revision).verdict(backends, resources, unusable: unusable)
    }

    @Test func endsWhenAllIsInSync() {
        let resources = [resource("a", .inSync), resource("b", .inSync)]
        #expect(verdict(nil, [etcd(3)], resources) == .applied)
        #expect(verdict(3, [etcd(3)], resources) == .applied)
        #expect(verdict(2, [etcd(3)], resources) == .applied)
        #expect(verdict(nil, [], []) == .applied, "there is nothing to apply")
    }

    @Test func waitsForTheRevision() {
        let resources = [resource("a", .inSync)]
        #expect(verdict(4, [etcd(3)], resources) == .pending(["etcd a is at revision 3, not yet 4"]))
        #expect(verdict(4, [etcd(nil)], resources) == .pending(["etcd a was not read yet"]))
    }

    /// A failure of an older revision says nothing about the one that is waited for.
    @Test func looksAtTheRevisionBeforeFailures() {
        let failed = [resource("a", .failed, "no such key")]
        #expect(verdict(4, [etcd(3)], failed) == .pending(["etcd a is at revision 3, not yet 4"]))
        #expect(verdict(4, [etcd(4)], failed) == .failed(["a: no such key"]))
    }

    @Test func waitsWhileWhatFailedIsTriedWithTheChange() {
        let failed = [resource("a", .failed, isSettled: false, "no such key")]
        #expect(verdict(nil, [etcd(3)], failed) == .pending(["a is failed: no such key"]))
    }

    @Test func fails() {
        #expect(verdict(nil, [], [resource("a", .held, "a guard")]) == .failed(["a: a guard"]))
        #expect(verdict(nil, [], [resource("a", .held)]) == .failed(["a: held"]))
        #expect(verdict(nil, [], [], unusable: ["/c/x.toml"]) == .failed(["/c/x.toml cannot be used"]))
        let owed = resource("a", .reloadOwed, "reload_cmd failed: exit status 1")
        #expect(verdict(nil, [], [owed]) == .failed(["a: reload_cmd failed: exit status 1"]))
        #expect(verdict(nil, [], [resource("a", .reloadOwed)]) == .pending(["a is reload owed"]), "not tried yet")
    }

    /// The numbers of two stores have nothing to do with each other.
    @Test func revisionsAreThoseOfTheMainBackend() {
        let other = etcd(2, isMain: false, "etcd b")
        #expect(verdict(4, [etcd(4), other], []) == .applied)
        #expect(verdict(4, [other], []) == .pending(["etcd b is at revision 2, not yet 4"]))
    }

    @Test func needsRevisions() {
        #expect(verdict(4, [etcd(0)], []) == .withoutRevisions)
        #expect(verdict(4, [], []) == .withoutRevisions)
        #expect(verdict(nil, [etcd(0)], []) == .applied)
    }

    @Test func namesSome() {
        let many = (1...30).map { resource("\($0)", .pending) }
        guard case .pending(let lines) = verdict(nil, [], many) else {
            Issue.record("not pending")
            return
        }
        #expect(lines.count == 11 && lines.last == "and 20 more")
    }
}
