import KeyValue
import Posix

/// Secrets of Vault or OpenBao, as keys. They are read again at each full pass; nothing is kept on disk.
package final class VaultBackend: Backend {
    private let options: VaultOptions
    private let client: VaultClient
    private let warnings: Warnings

    /// Nothing is contacted yet.
    package init(_ options: VaultOptions) {
        self.options = options
        client = VaultClient(options)
        warnings = Warnings(options.warn)
    }

    package func snapshot(of ranges: [KeyRange], timeout: Duration) throws(BackendError) -> Snapshot {
        try read(ranges, timeout, nil)
    }

    /// Reads once, and keeps the token alive until it is cancelled: vault reports no changes.
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        do throws(BackendError) {
            deliver(try read(ranges, timeout, cancellation))
            while !cancellation.isCancelled {
                let pause = client.renewal.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
                try cancellation.wait(pause)
                if cancellation.isCancelled { return }
                try firstNode(timeout, cancellation) { limits throws(VaultFailure) in try client.keepAlive(limits) }
            }
        } catch {
            if !cancellation.isCancelled { throw error }
        }
    }

    private func read(
        _ ranges: [KeyRange], _ timeout: Duration, _ cancellation: Cancellation?
    ) throws(BackendError) -> Snapshot {
        try firstNode(timeout, cancellation) { limits throws(VaultFailure) in
            var reader = VaultReader(client, limits, memoryLimit: options.memoryLimit)
            let snapshot = try reader.read(ranges)
            for key in reader.incomplete {
                warnings.issue(
                    "vault: \"\(printable(key))\" holds numbers, lists or the like: they are in its JSON, and have no keys"
                )
            }
            return snapshot
        }
    }

    /// The result of `body` for the first node where it does not throw, in the order of the options.
    private func firstNode<Result>(
        _ timeout: Duration, _ cancellation: Cancellation?, _ body: (HTTPLimits) throws(VaultFailure) -> Result
    ) throws(BackendError) -> Result {
        let deadline = ContinuousClock.now.advanced(by: timeout)
        return try VaultFailure.first(of: options.nodes, until: deadline) { node throws(VaultFailure) in
            try body(.init(node: node, deadline: deadline, cancellation: cancellation))
        }
    }
}
