/// A snapshot, numbered in the order of arrival at its holder.
package struct VersionedSnapshot: Sendable {
    package let snapshot: Snapshot
    package let version: Int

    package init(snapshot: Snapshot, version: Int) {
        self.snapshot = snapshot
        self.version = version
    }
}
