/// A snapshot, numbered in the order in which whoever holds it got them.
package struct VersionedSnapshot: Sendable {
    package let snapshot: Snapshot
    package let version: Int

    package init(snapshot: Snapshot, version: Int) {
        self.snapshot = snapshot
        self.version = version
    }
}
