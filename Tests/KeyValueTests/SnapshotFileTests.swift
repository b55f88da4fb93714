import TestSupport
import Testing

@testable import KeyValue

@Suite struct SnapshotFileTests {
    private func encode(_ snapshot: Snapshot, identity: String = "etcd") -> [UInt8] {
        var bytes: [UInt8] = []
        SnapshotFile.encode(snapshot, identity: Array(identity.utf8)) { bytes += $0 }
        return bytes
    }

    private func snapshot(_ count: Int) -> Snapshot {
        let updates = (0..<count).map { number in
            Update(
                key: Array("/k/\(number)".utf8), value: [UInt8](repeating: UInt8(number & 0xFF), count: number % 40),
                revision: Int64(number + 1))
        }
        return Snapshot([]).applying(updates, revision: Int64(count + 7))
    }

    @Test(arguments: [0, 1, 2, 300, 60_000])
    func readsWhatItWrites(_ count: Int) throws {
        let snapshot = snapshot(count)
        let (read, identity) = try SnapshotFile.decode(encode(snapshot, identity: "etcd /a"))
        #expect(identity == Array("etcd /a".utf8))
        #expect(read.hasSameContents(as: snapshot) && read.revision == snapshot.revision)
        #expect(read.newestChange == snapshot.newestChange)
        #expect((0..<read.count).allSatisfy { read.modified(at: $0) == snapshot.modified(at: $0) })
    }

    @Test func refusesWhatIsNotOurs() {
        #expect(throws: SnapshotFile.Problem.foreign) { try SnapshotFile.decode([]) }
        #expect(throws: SnapshotFile.Problem.foreign) { try SnapshotFile.decode([UInt8](repeating: 7, count: 64)) }
        var newer = encode(snapshot(3))
        newer[8] = 9
        #expect(throws: SnapshotFile.Problem.otherVersion(9)) { try SnapshotFile.decode(newer) }
    }

    /// Sizes beyond the end, with a checksum that is right.
    @Test(arguments: [
        [UInt64.max], [0, 1, 1, .max], [0, 1, 1, 1, .max], [0, 1, 1, 1, 0xFFFF_FFFF, 0],
        [0, 1, 1, 1, 0xFFFF_FFFF << 32, 0],
        [0, 1, 1, 0, 0], [0, 1, 1],
    ])
    func refusesSizesBeyondItsEnd(_ words: [UInt64]) {
        let content = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        #expect(throws: SnapshotFile.Problem.damaged) { try SnapshotFile.decode(SnapshotFile.sealed(content)) }
    }

    /// A file that is cut off, or has a changed bit, is refused.
    @Test func noticesDamage() {
        let whole = encode(snapshot(20))
        for length in 24..<whole.count {
            #expect(throws: SnapshotFile.Problem.damaged, "\(length)") {
                try SnapshotFile.decode(Array(whole[..<length]))
            }
        }
        for position in 16..<whole.count {
            var changed = whole
            changed[position] ^= 1 << (position % 8)
            #expect(throws: SnapshotFile.Problem.damaged, "\(position)") { try SnapshotFile.decode(changed) }
        }
    }
}
