import Testing

@testable import Backends

/// Leases and guarded writes on the wire.
@Suite struct EtcdLeaseMessagesTests {
    @Test func encodesRequestsOfLeases() {
        #expect(LeaseGrantRequest(lifetime: 10, id: 300).encoded == [0x08, 10, 0x10, 0xac, 0x02])
        #expect(LeaseRequest(id: 300).encoded == [0x08, 0xac, 0x02])
        #expect(LeaseTimeToLiveRequest(id: 300).encoded == [0x08, 0xac, 0x02, 0x10, 1])
    }

    private func response(_ bytes: [UInt8]) throws(ProtobufError) -> LeaseResponse {
        try bytes.withUnsafeBufferPointer { buffer throws(ProtobufError) in
            try LeaseResponse(UnsafeRawBufferPointer(buffer), 0..<buffer.count)
        }
    }

    @Test func decodesAnswersAboutLeases() throws {
        // A header, id, time to live, granted time to live, two keys.
        let full = try response(
            [0x0a, 2, 0x18, 7, 0x10, 0xac, 0x02, 0x18, 9, 0x20, 10, 0x2a, 2, 0x2f, 0x61, 0x2a, 2, 0x2f, 0x62])
        #expect(full.id == 300 && full.lifetime == 9 && full.keys == [Array("/a".utf8), Array("/b".utf8)])
        // etcd's answer about a lease that it does not know: -1.
        let gone = try response([0x10, 1, 0x18] + [UInt8](repeating: 0xff, count: 9) + [0x01])
        #expect(gone.id == 1 && gone.lifetime == -1 && gone.keys == [])
        // The answer to a keep-alive of such a lease: without the field.
        #expect(try response([0x10, 1]).lifetime == 0)
    }

    @Test(arguments: [
        ("a key that is a number", [0x28, 1], ProtobufError.Kind.unexpectedType(field: 5)),
        ("an id that is bytes", [0x12, 0], .unexpectedType(field: 2)),
        ("a key cut short", [0x2a, 3, 0x2f], .truncated),
    ])
    func refusesMalformedAnswersAboutLeases(_ name: String, _ bytes: [UInt8], _ kind: ProtobufError.Kind) {
        do throws(ProtobufError) {
            _ = try response(bytes)
            Issue.record("accepted \(name)")
        } catch {
            #expect(error.kind == kind)
        }
    }

    private static let key = Array("/a".utf8)
    private static let keyField: [UInt8] = [0x0a, 2, 0x2f, 0x61]
    /// The `RangeRequest` of the key, for when a condition does not hold.
    private static let read: [UInt8] = [0x1a, 6, 0x0a, 4] + keyField

    private func write(_ value: String?, _ version: Int64) -> GuardedWrite {
        let expected = StoredKey(value: [], version: version, holder: .lease(5))
        return GuardedWrite(
            write: LeasedWrite(
                key: Self.key, value: value.map { Array($0.utf8) }, expected: version == 0 ? nil : expected),
            lease: 300)
    }

    @Test func encodesGuardedWrites() {
        let absent: [UInt8] = [0x0a, 6, 0x10, 2, 0x1a, 2, 0x2f, 0x61]
        let atSeven: [UInt8] =
            [0x0a, 8, 0x10, 2, 0x1a, 2, 0x2f, 0x61, 0x30, 7] + [0x0a, 8, 0x10, 4, 0x1a, 2, 0x2f, 0x61, 0x40, 5]
        let put: [UInt8] = [0x12, 12, 0x12, 10] + Self.keyField + [0x12, 1, 0x76, 0x18, 0xac, 0x02]
        let delete: [UInt8] = [0x12, 6, 0x1a, 4] + Self.keyField
        #expect(write("v", 0).encoded == absent + put + Self.read)
        #expect(write("v", 7).encoded == atSeven + put + Self.read)
        #expect(write(nil, 7).encoded == atSeven + delete + Self.read)
        // A key that must not be there need not be deleted.
        #expect(write(nil, 0).encoded == absent + Self.read)
    }

    private func outcome(_ write: GuardedWrite, _ bytes: [UInt8]) throws -> WriteOutcome {
        try bytes.withUnsafeBytes { try write.outcome($0, 0..<$0.count) }
    }

    @Test func decodesOutcomes() throws {
        let header: [UInt8] = [0x0a, 2, 0x18, 9]
        let succeeded: [UInt8] = [0x10, 1]
        #expect(try outcome(write("v", 0), header + succeeded + [0x1a, 2, 0x12, 0]) == .put(version: 9))
        #expect(try outcome(write(nil, 7), header + succeeded + [0x1a, 2, 0x1a, 0]) == .absent)
        // The condition does not hold: the key is absent, or it has this value.
        #expect(try outcome(write("v", 7), header + [0x1a, 2, 0x0a, 0]) == .absent)
        let pair: [UInt8] = Self.keyField + [0x10, 3, 0x18, 5, 0x20, 1, 0x2a, 1, 0x77]
        let stranger: [UInt8] = [0x1a, 17, 0x0a, 15, 0x12, 13] + pair
        #expect(
            try outcome(write("v", 0), header + stranger)
                == .found(StoredKey(value: [0x77], version: 5, holder: .nobody)))
        let leased: [UInt8] = [0x1a, 20, 0x0a, 18, 0x12, 16] + pair + [0x30, 0xac, 0x02]
        #expect(
            try outcome(write("v", 0), header + leased)
                == .found(StoredKey(value: [0x77], version: 5, holder: .lease(300))))
        #expect(throws: ProtobufError.self) { try outcome(write("v", 0), header + leased.dropLast()) }
    }
}
