import KeyValue

extension EtcdBackend {
    package func follow(
        _ ranges: [KeyRange], from start: Snapshot?, timeout: Duration, cancellation: Cancellation,
        deliver: (Snapshot) -> Void
    ) throws(BackendError) {
        var snapshot: Snapshot
        var watch: EtcdWatch
        if let start {
            (snapshot, watch) = try goOn(ranges, from: start, timeout: timeout)
            deliver(snapshot)
        } else {
            snapshot = try self.snapshot(of: ranges, timeout: timeout)
            // Rendering need not wait for the watch: that begins where this ends.
            deliver(snapshot)
            watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout)
        }
        var pause = Self.firstLagPause
        cancellation.onCancel(watch.canceller)
        while !cancellation.isCancelled {
            switch try next(watch) {
            case nil: continue
            case .changes(let changes):
                snapshot = snapshot.applying(
                    changes.changes.map { Update(key: $0.key, value: $0.value) }, revision: changes.revision)
                deliver(snapshot)
                pause = Self.firstLagPause
                continue
            case .compacted:
                snapshot = try self.snapshot(of: ranges, timeout: timeout)
                deliver(snapshot)
                watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout)
            case .behind:
                // It lags, or its store was set back and has perhaps come further since: only its keys can tell.
                snapshot = try self.snapshot(of: ranges, timeout: timeout)
                deliver(snapshot)
                try cancellation.wait(pause)
                pause = min(pause * 2, Self.longestLagPause)
                watch = try self.watch(ranges, after: snapshot.revision, timeout: timeout)
            case .reopen:
                watch = try self.watch(ranges, after: watch.revision, timeout: timeout)
            }
            cancellation.onCancel(watch.canceller)
        }
    }

    /// Pauses between reads while a member lags behind what the others have told us.
    private static let firstLagPause = Duration.milliseconds(50)
    private static let longestLagPause = Duration.seconds(5)

    private func next(_ watch: EtcdWatch) throws(BackendError) -> EtcdWatch.Update? {
        do {
            return try watch.next(until: .now.advanced(by: .seconds(86_400)))
        } catch {
            members.skip()
            throw error
        }
    }
}
