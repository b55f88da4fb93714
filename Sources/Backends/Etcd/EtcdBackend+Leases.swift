import Posix

// A keep-alive is a call of its own over the kept connection, not a stream that stays open: it fails over to another member,
// renews its token and ends by its deadline like every other call, and a process needs one connection for all its keys.
extension EtcdBackend: LeasingBackend {
    package func grant(
        _ lease: Lease, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Duration {
        let request = LeaseGrantRequest(lifetime: lease.seconds, id: lease.id).encoded
        return try calling(timeout: timeout, cancellation) { caller throws(EtcdFailure) in
            do throws(EtcdFailure) {
                return .seconds(try caller.lease(.grant, .leaseGrant, request).lifetime)
            } catch {
                guard error.refusal == .leaseExists else { throw error }
            }
            if let lifetime = try keepAlive(lease, caller) { return lifetime }
            // It ended between the two calls.
            return .seconds(try caller.lease(.grant, .leaseGrant, request).lifetime)
        }
    }

    package func keepAlive(
        _ lease: Lease, holding keys: [[UInt8]: StoredKey], timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> LeaseState {
        try calling(timeout: timeout, cancellation) { caller throws(EtcdFailure) in
            guard let lifetime = try keepAlive(lease, caller) else { return .ended }
            var state = LeaseState(lifetime: lifetime)
            do throws(EtcdFailure) {
                guard let attached = try self.keys(of: lease, caller) else { return .ended }
                for key in attached { state.held[key] = keys[key]?.version ?? 0 }
                for key in keys.keys where state.held[key] == nil { state.lost.insert(key) }
            } catch {
                // From 3.4.31 and 3.5.13 on the user needs permission to read all keys of the lease.
                guard error.refusal == .permissionDenied else { throw error }
                state.held = keys.mapValues(\.version)
            }
            return state
        }
    }

    package func revoke(
        _ lease: Lease, unlessItHoldsMoreThan keys: Set<[UInt8]>, timeout: Duration, cancellation: Cancellation
    ) throws(BackendError) -> Bool {
        try calling(timeout: timeout, cancellation) { caller throws(EtcdFailure) in
            do throws(EtcdFailure) {
                guard let attached = try self.keys(of: lease, caller) else { return true }
                guard keys.isSuperset(of: attached) else { return false }
                _ = try caller.lease(.revoke, .leaseRevoke, LeaseRequest(id: lease.id).encoded)
            } catch {
                switch error.refusal {
                case .leaseNotFound: return true
                case .permissionDenied: return false
                default: throw error
                }
            }
            return true
        }
    }

    /// How long the lease lasts from now on; nil if it has ended.
    private func keepAlive(_ lease: Lease, _ caller: UnaryCaller) throws(EtcdFailure) -> Duration? {
        let answer = try caller.lease(.keepAlive, .leaseKeepAlive, LeaseRequest(id: lease.id).encoded)
        return answer.lifetime > 0 ? .seconds(answer.lifetime) : nil
    }

    /// The keys that hang on the lease; nil if it has ended.
    private func keys(of lease: Lease, _ caller: UnaryCaller) throws(EtcdFailure) -> [[UInt8]]? {
        let answer = try caller.lease(.look, .leaseTimeToLive, LeaseTimeToLiveRequest(id: lease.id).encoded)
        return answer.lifetime < 0 ? nil : answer.keys
    }
}
