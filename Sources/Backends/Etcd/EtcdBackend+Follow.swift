import KeyValue

extension EtcdBackend {
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        var snapshot: Snapshot
        if let start {
            snapshot = start
        } else {
            snapshot = try self.snapshot(of: ranges, timeout: timeout)
            // Rendering need not wait for the watch: that begins where this ends.
            deliver(snapshot)
        }
        var watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout)
        if start != nil { deliver(snapshot) }
        cancellation.onCancel(watch.canceller)
        while !cancellation.isCancelled {
            switch try next(watch) {
            case nil: continue
            case .changes(let changes):
                snapshot = snapshot.applying(
                    changes.changes.map { Update(key: $0.key, value: $0.value) }, revision: changes.revision)
                deliver(snapshot)
                continue
            case .compacted:
                snapshot = try self.snapshot(of: ranges, timeout: timeout)
                deliver(snapshot)
                watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout)
            case .behind:
                let fresh = try self.snapshot(of: ranges, timeout: timeout)
                // It only lags.
                if fresh.revision >= snapshot.revision { continue }
                snapshot = fresh
                deliver(snapshot)
                watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout)
            case .reopen:
                watch = try self.watch(ranges, after: watch.revision, timeout: timeout)
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
