import Backends
import KeyValue
import Posix

@testable import Configuration

/// A store that keys could be written to: each write has the outcome that the test says, and changes nothing.
struct WritableStore: TransactingBackend {
    let outcome: WriteOutcome

    func write(
        _ writes: [LeasedWrite], _ lease: Lease, timeout: Duration, cancellation: Cancellation
    ) -> [WriteOutcome] { writes.map { _ in outcome } }

    func commit(
        _ transaction: Transaction, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Bool {
        switch outcome {
        case .refused(let error), .failed(let error): throw error
        case .put, .absent, .found, .leaseEnded: return false
        }
    }

    func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot { Snapshot([]) }

    func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {}

    func grant(_ lease: Lease, timeout: Duration, cancellation: Cancellation) throws(BackendError) -> Duration {
        .seconds(lease.seconds)
    }

    func keepAlive(
        _ lease: Lease, holding keys: [[UInt8]: StoredKey], timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> LeaseState { .ended }

    func revoke(
        _ lease: Lease, unlessItHoldsMoreThan keys: Set<[UInt8]>, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Bool { false }

    /// As the backend of resources and services.
    var layer: BackendLayer {
        BackendLayer(
            BackendConfiguration(kind: WritableKind(store: self), named: "writable", options: BackendOptions()),
            mount: Array("/".utf8), isOptional: false)
    }
}

/// The kind of backend that has such a store behind it.
private struct WritableKind: BackendKind {
    let store: WritableStore
    let name = "writable"
    let summary = "the memory of a test"
    let watching = "never"
    let options: [BackendOption] = []
    let takesRegistrations = true
    let takesRollouts = true

    func sources(of options: BackendOptions) -> [String] { ["memory"] }

    func open(_ options: BackendOptions, in context: BackendContext) throws(BackendError) -> any Backend { store }
}
