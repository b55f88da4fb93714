import Posix
import Synchronization

/// The members of a cluster, and which of them is asked first.
final class Members: Sendable {
    private struct State {
        /// In the order in which they are tried.
        var endpoints: [Endpoint]
        /// The index of the one that answered last.
        var first = 0
        /// To be looked up before they are used.
        var areUnknown: Bool
    }

    private let state: Mutex<State>
    private let discovery: Discovery?
    private let endpoint: @Sendable (String) throws(BackendError) -> Endpoint

    /// Reads the addresses in `options`, and mixes them with `generator`, so that many clients do not all begin with one
    /// member. Nothing is looked up yet.
    init(_ options: EtcdBackend.Options, using generator: inout some RandomNumberGenerator) throws(BackendError) {
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
            guard !endpoints.isEmpty else { throw BackendError(.configuration, "etcd: no node given") }
            endpoints.shuffle(using: &generator)
        }
        guard (tls.certificateFile == nil) == (tls.keyFile == nil) else {
            throw BackendError(
                .configuration, "etcd: a client certificate and its key belong together",
                hint: "give both -client-cert and -client-key, or neither")
        }
        discovery = options.discovery
        self.endpoint = endpoint
        state = Mutex(State(endpoints: endpoints, areUnknown: options.discovery != nil))
    }

    /// In the order in which they are tried; empty before the first look-up.
    var endpoints: [Endpoint] { state.withLock { $0.endpoints } }

    /// What `body` returns for the first member where it does not throw, the one that answered last before all others.
    func first<Result>(
        until deadline: ContinuousClock.Instant,
        _ body: (_ endpoint: Endpoint, _ isLast: Bool) throws(EtcdFailure) -> Result
    ) throws(BackendError) -> Result {
        try lookUpIfUnknown()
        let (endpoints, first) = state.withLock { ($0.endpoints, $0.first) }
        var failures: [EtcdFailure] = []
        for step in endpoints.indices {
            let index = (first + step) % endpoints.count
            do {
                let result = try body(endpoints[index], step + 1 == endpoints.count)
                state.withLock { $0.first = index }
                return result
            } catch {
                failures.append(error)
                if error.concernsAllEndpoints || ContinuousClock.now >= deadline { break }
            }
        }
        // They may have moved.
        if discovery != nil { state.withLock { $0.areUnknown = true } }
        throw EtcdFailure.error(failures)
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
            // Those of before are better than none: name servers fail too.
            if !self.endpoints.isEmpty { return }
            throw error
        }
        state.withLock { $0 = State(endpoints: endpoints, areUnknown: false) }
    }
}

/// Finds the members of a cluster in service records of DNS.
package struct Discovery: Sendable {
    /// The full name of the records, for example `_etcd._tcp.example.com.`.
    package let record: String
    /// `https` if they are to be spoken to with TLS.
    package let scheme: String
    private let lookUp: @Sendable (String) throws(LookupError) -> [ServiceRecord]

    /// `lookUp` finds the records of a name, the best priority first.
    package init(
        record: String, scheme: String,
        lookUp: @escaping @Sendable (String) throws(LookupError) -> [ServiceRecord] = { (name) throws(LookupError) in
            try Names.services("", transport: "", name: name)
        }
    ) {
        self.record = record
        self.scheme = scheme
        self.lookUp = lookUp
    }

    /// Node addresses in the order in which they are to be tried.
    func nodes() throws(BackendError) -> [String] {
        var records: [ServiceRecord]
        do { records = try lookUp(record) } catch {
            throw failure(error.reason)
        }
        // A lone dot says that there is no such service (RFC 2782).
        records.removeAll { $0.target == "." }
        guard !records.isEmpty else { throw failure("no such record") }
        var generator = SystemRandomNumberGenerator()
        return Discovery.ordered(records, using: &generator).map { record in
            let host = record.target.hasSuffix(".") ? String(record.target.dropLast()) : record.target
            return (scheme == "https" ? "https://" : "") + "\(host):\(record.port)"
        }
    }

    private func failure(_ reason: String) -> BackendError {
        BackendError(
            .unreachable, "etcd: SRV record \"\(record)\": \(reason)",
            hint: "see whether the name server knows it: dig SRV \(record)")
    }

    /// Records by priority; those of one priority by chance, heavier ones more often first (RFC 2782).
    static func ordered(
        _ records: [ServiceRecord], using generator: inout some RandomNumberGenerator
    ) -> [ServiceRecord] {
        var rest = records.sorted { $0.priority < $1.priority }
        var result: [ServiceRecord] = []
        while let first = rest.first {
            let group = rest.prefix { $0.priority == first.priority }
            // One more for each, so that a weight of 0 has its chance too.
            var point = Int.random(in: 0..<group.reduce(0) { $0 + Int($1.weight) + 1 }, using: &generator)
            var index = 0
            while point > Int(group[index].weight) {
                point -= Int(group[index].weight) + 1
                index += 1
            }
            result.append(rest.remove(at: index))
        }
        return result
    }
}
