import KeyValue
import TestSupport
import Testing

@testable import Backends

/// A server for the contract tests of one backend: the real program, except for consul.
protocol ContractStore: Sendable {
    /// Starts an empty server at `port` that asks for `password`.
    init(port: UInt16, password: String) throws
    /// A backend that reaches the server at `port`, which may be that of a proxy, with `password`.
    static func backend(port: UInt16, password: String) throws -> any Backend
    /// Writes all keys, in one transaction if the store has transactions; nil deletes.
    func write(_ pairs: [(key: String, value: String?)]) throws
    /// Changes the server's password, for existing connections too.
    func change(password: String) throws
    /// What a failure's message begins with.
    static func prefix(port: UInt16) -> String
}

/// What a backend promises; the names are those of the suite's tests.
enum ContractRow {
    case theLastWriteIsSeen, snapshotsAreOfOneMoment, aCutAnswerIsAnError, aCutReportIsReadAgain,
        comesBackAfterEveryLoss
    case aServerThatSaysNothingIsAnError, aPausedServerIsTakenUpAgain, aSlowServerIsWaitedFor
    case aWrongPasswordIsNamedAndNotShown, aFailureIsTheCallersToRepeat, endsAsSoonAsItIsCancelled
}

/// The backends that have to keep the contract.
enum ContractKind: String, CaseIterable, CustomTestStringConvertible {
    case etcd, etcdv2, redis, consul, zookeeper
    /// Only where an OpenBao is installed (`make test-vault`): a stand-in of our own would prove nothing.
    case vault

    var testDescription: String { rawValue }

    /// Why `row` cannot hold for this backend, whatever it does; nil if it has to.
    func exemption(from row: ContractRow) -> String? {
        switch (self, row) {
        case (.etcdv2, .snapshotsAreOfOneMoment):
            "the v2 API has no transactions: nobody can write several keys at one moment (EtcdV2Tests.seesOneIndex)"
        case (.vault, .snapshotsAreOfOneMoment):
            "the API reads one secret at a time, and has no revisions: docs/backends.md says so"
        case (.consul, .aPausedServerIsTakenUpAgain):
            "the stand-in is a part of the process that runs the tests, and cannot be stopped alone"
        default: nil
        }
    }

    /// Those that have to keep `row`.
    static func keeping(_ row: ContractRow) -> [ContractKind] {
        allCases.filter { kind in
            (kind != .vault || VaultServer.program != nil) && kind.exemption(from: row) == nil
        }
    }

    var store: any ContractStore.Type {
        switch self {
        case .etcd: EtcdContractStore.self
        case .etcdv2: EtcdV2ContractStore.self
        case .redis: RedisContractStore.self
        case .consul: ConsulContractStore.self
        case .zookeeper: ZookeeperContractStore.self
        case .vault: VaultContractStore.self
        }
    }
}
