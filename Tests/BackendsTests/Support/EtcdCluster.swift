import HTTP
import Synchronization
import TestSupport
import Testing

@testable import Backends

/// A real cluster of three, whose members reach each other through proxies.
final class EtcdCluster: Sendable {
    private let folder: MemoryDirectory
    private let ports: [UInt16]
    private let peers: EtcdPeers
    private let running: Mutex<[EtcdServer?]>
    /// The members' ids in hexadecimal, as they send them to each other.
    private let names: Mutex<[String]>

    init() throws {
        folder = try MemoryDirectory()
        ports = try (0..<3).map { _ in try Ports.free() }
        peers = try EtcdPeers()
        running = Mutex([nil, nil, nil])
        names = Mutex([])
        for index in 0..<3 { try launch(index) }
        for index in 0..<3 { try member(index)?.waitUntilHealthy() }
        let areKnown = eventuallyBlocking {
            // A busy member may need longer than one call takes.
            let identities = (0..<3).compactMap { index in
                (try? self.member(index)?.status()).map { String($0.member, radix: 16) }
            }
            names.withLock { $0 = identities }
            return identities.count == 3
        }
        if !areKnown { throw SupportError("etcd: the members' ids are not known") }
    }

    /// The URLs for clients.
    var endpoints: [String] { ports.map { "http://127.0.0.1:\($0)" } }

    /// Nil if it does not run.
    func member(_ index: Int) -> EtcdServer? { running.withLock { $0[index] } }

    /// Starts a member, with the data that it has, without waiting.
    func launch(_ index: Int) throws {
        let server = try EtcdServer(port: ports[index], folder: folder, member: peers.members[index])
        running.withLock { $0[index] = server }
    }

    /// `SIGKILL`; its data stay.
    func kill(_ index: Int) { running.withLock { $0[index] = nil } }

    /// Nothing goes between this member and the others any more, in neither direction.
    func isolate(_ index: Int) {
        peers.isolate(index, identity: names.withLock { $0[index] })
    }

    /// Ends all isolation and starts what does not run.
    func heal() throws {
        peers.heal()
        for index in 0..<3 where member(index) == nil { try launch(index) }
    }

    /// The revision that each member has, for messages.
    func positions() -> String {
        (0..<3).map { index in
            let request = RangeRequest(key: [0], rangeEnd: [], limit: 1)
            // A serializable read (field 7): the member answers from its own data, without the others.
            let message = try? member(index)?.call(
                "/etcdserverpb.KV/Range", request.encoded + [7 << 3, 1], timeout: .seconds(1))
            let header = message?.withUnsafeBytes { bytes in
                try? RangeResponse(bytes, 0..<bytes.count).header
            }
            return "m\(index) at \(header.map { "\($0.revision)" } ?? "?")"
        }.joined(separator: ", ")
    }

    /// The index of the leader, as two members or more see it; waits for one for at most 30 s.
    func leader() throws -> Int {
        var leader: Int?
        _ = eventuallyBlocking(seconds: 30) {
            let statuses = (0..<3).map { try? member($0)?.status() }
            leader = (0..<3).first { index in
                guard let own = statuses[index]?.member else { return false }
                return statuses.count { $0?.leader == own } >= 2
            }
            return leader != nil
        }
        guard let leader else { throw Shell.Failure(output: "no leader") }
        return leader
    }
}

extension EtcdServer {
    /// The id of this member, and of the one that it takes for the leader (0: none).
    func status() throws -> (member: UInt64, leader: UInt64) {
        let message = try call("/etcdserverpb.Maintenance/Status", [], timeout: .seconds(1))
        return try message.withUnsafeBytes { bytes in
            var reader = ProtobufReader(bytes, 0..<bytes.count)
            var status: (member: UInt64, leader: UInt64) = (0, 0)
            while let field = try reader.nextField() {
                switch field.number {
                case 1:
                    var header = try reader.message(field)
                    while let field = try header.nextField() {
                        if field.number == 2 {
                            status.member = try header.varint(field)
                        } else {
                            try header.skip(field)
                        }
                    }
                case 4: status.leader = try reader.varint(field)
                default: try reader.skip(field)
                }
            }
            return status
        }
    }

    /// Puts and deletes (a value of nil) in one transaction if the value at `guarded` sorts before `value`. Returns the
    /// revision, or nil if the condition does not hold.
    func write(
        _ changes: [(key: String, value: String?)], ifLess guarded: String, than value: String,
        timeout: Duration = .seconds(30)
    ) throws -> Int64? {
        var transaction = ProtobufWriter()
        var compare = ProtobufWriter()
        // LESS, VALUE.
        compare.write(1, 2 as Int64)
        compare.write(2, 3 as Int64)
        compare.write(3, Array(guarded.utf8))
        compare.write(7, Array(value.utf8))
        transaction.writeMessage(1, compare.bytes)
        for change in changes {
            var request = ProtobufWriter()
            request.write(1, Array(change.key.utf8))
            if let value = change.value { request.write(2, Array(value.utf8)) }
            var operation = ProtobufWriter()
            operation.writeMessage(change.value == nil ? 3 : 2, request.bytes)
            transaction.writeMessage(2, operation.bytes)
        }
        let message = try call("/etcdserverpb.KV/Txn", transaction.bytes, timeout: timeout)
        return try message.withUnsafeBytes { bytes in
            var reader = ProtobufReader(bytes, 0..<bytes.count)
            var header = ResponseHeader()
            var hasSucceeded = false
            while let field = try reader.nextField() {
                switch field.number {
                case 1: header = try ResponseHeader(try reader.message(field))
                case 2: hasSucceeded = try reader.bool(field)
                default: try reader.skip(field)
                }
            }
            return hasSucceeded ? header.revision : nil
        }
    }
}
