import Synchronization

/// The members of a cluster, and which of them is asked first.
final class Members: Sendable {
    private struct State {
        /// In the order in which they are tried.
        var endpoints: [Endpoint]
        /// The index of the one that answered last.
        var first = 0
        /// Whether they have to be looked up before the next use.
        var areUnknown: Bool
    }

    private let state: Mutex<State>
    private let discovery: Discovery?
    private let endpoint: @Sendable (String) throws(BackendError) -> Endpoint

    /// While another member is left to try, one has this long to begin its answer to the first call, which is usually for one
    /// key: enough for any member that works, and a failover takes less than two seconds.
    static let failoverTime = Duration.milliseconds(1500)

    /// Parses the addresses in `options` and shuffles them with `generator`, so that many clients do not all begin with the
    /// same member. Nothing is looked up yet.
    init(_ options: EtcdOptions, using generator: inout some RandomNumberGenerator) throws(BackendError) {
        let tls = options.tls
        let isEncryptedByDefault = tls.authorityFile != nil || tls.certificateFile != nil || tls.keyFile != nil
        let endpoint = { @Sendable (node: String) throws(BackendError) in
            try Endpoint(node, encryptedByDefault: isEncryptedByDefault, serverName: options.serverName)
        }
        var endpoints: [Endpoint] = []
        if options.discovery == nil {
            for node in options.endpoints {
                let endpoint = try endpoint(node)
                if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
            }
            guard !endpoints.isEmpty else { throw ClusterProblem.noNode.backendError }
            endpoints.shuffle(using: &generator)
        }
        guard (tls.certificateFile == nil) == (tls.keyFile == nil) else {
            throw ClusterProblem.incompleteCertificate.backendError
        }
        discovery = options.discovery
        self.endpoint = endpoint
        state = Mutex(State(endpoints: endpoints, areUnknown: options.discovery != nil))
    }

    /// In the order in which they are tried; empty before the first look-up.
    var endpoints: [Endpoint] { state.withLock { $0.endpoints } }

    /// The result of `body` for the first member where it does not throw; the one that answered last is tried first.
    func first<Result>(
        until deadline: ContinuousClock.Instant,
        _ body: (_ endpoint: Endpoint, _ isLast: Bool) throws(EtcdFailure) -> Result
    ) throws(BackendError) -> Result {
        try lookUpIfUnknown()
        let (endpoints, first) = state.withLock { ($0.endpoints, $0.first) }
        let order = endpoints.indices.map { (first + $0) % endpoints.count }
        do throws(BackendError) {
            return try EtcdFailure.first(of: order, until: deadline) { index throws(EtcdFailure) in
                let result = try body(endpoints[index], index == order.last)
                state.withLock { $0.first = index }
                return result
            }
        } catch {
            // The members may have moved.
            if discovery != nil { state.withLock { $0.areUnknown = true } }
            throw error
        }
    }

    /// Makes the next call begin at another member, after something has failed at this one.
    func skip() {
        state.withLock { if !$0.endpoints.isEmpty { $0.first = ($0.first + 1) % $0.endpoints.count } }
    }

    private func lookUpIfUnknown() throws(BackendError) {
        guard let discovery, state.withLock({ $0.areUnknown }) else { return }
        var endpoints: [Endpoint] = []
        do {
            for node in try discovery.nodes() { endpoints.append(try endpoint(node)) }
        } catch {
            // Old addresses are better than none: name servers fail too.
            if !self.endpoints.isEmpty { return }
            throw error
        }
        state.withLock { $0 = State(endpoints: endpoints, areUnknown: false) }
    }
}
