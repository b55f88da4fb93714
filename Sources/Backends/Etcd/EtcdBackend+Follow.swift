import KeyValue
import Posix

extension EtcdBackend {
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        var snapshot: Snapshot
        var watch: EtcdWatch
        if let start {
            (snapshot, watch) = try goOn(ranges, from: start, timeout: timeout, cancellation)
            deliver(snapshot)
        } else {
            snapshot = try self.snapshot(of: ranges, timeout: timeout, cancellation)
            // Rendering need not wait for the watch, which begins at the revision after this one.
            deliver(snapshot)
            watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout, cancellation)
        }
        var pauses = Backoff(start: .milliseconds(50), limit: .seconds(5))
        cancellation.onCancel(watch.canceller)
        while !cancellation.isCancelled {
            switch try next(watch) {
            case nil: continue
            case .changes(let changes):
                snapshot = snapshot.applying(changes.updates, revision: changes.revision)
                deliver(snapshot)
                pauses.reset()
                continue
            case .compacted:
                snapshot = try self.snapshot(of: ranges, timeout: timeout, cancellation)
                deliver(snapshot)
                watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout, cancellation)
            case .behind:
                // The member lags, or its store was restored from an older state and may have been written to since: only its keys
                // can tell.
                snapshot = try self.snapshot(of: ranges, timeout: timeout, cancellation)
                deliver(snapshot)
                try cancellation.wait(pauses.next())
                watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout, cancellation)
            case .reopen:
                watch = try self.watch(ranges, after: watch.revision, timeout: timeout, cancellation)
            }
            cancellation.onCancel(watch.canceller)
        }
    }

    private func next(_ watch: EtcdWatch) throws(BackendError) -> EtcdWatch.Update? {
        do {
            return try watch.next(until: .now.advanced(by: .seconds(86_400)))
        } catch {
            members.skip()
            throw error
        }
    }
}
