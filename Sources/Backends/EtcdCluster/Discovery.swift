import Posix

/// Finds the members of a cluster in service records of DNS.
package struct Discovery: Sendable {
    /// The full name of the records, for example `_etcd._tcp.example.com.`.
    package let record: String
    /// `https` for TLS.
    package let scheme: String
    private let lookUp: @Sendable (String) throws(LookupError) -> [ServiceRecord]

    /// `lookUp` finds the records of a name, the best priority first.
    package init(
        record: String, scheme: String,
        lookUp: @escaping @Sendable (String) throws(LookupError) -> [ServiceRecord] = { (name) throws(LookupError) in
            try Resolver.services("", transport: "", name: name)
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
            throw ClusterProblem.lookUp(record: record, error).backendError
        }
        // A target of "." means that the service is not available (RFC 2782).
        records.removeAll { $0.target == "." }
        guard !records.isEmpty else { throw ClusterProblem.noRecord(record).backendError }
        var generator = SystemRandomNumberGenerator()
        return Discovery.ordered(records, using: &generator).map { record in
            let host = record.target.hasSuffix(".") ? String(record.target.dropLast()) : record.target
            return (scheme == "https" ? "https://" : "") + "\(host):\(record.port)"
        }
    }

    /// The records by priority, and those of one priority in a random order where heavier ones come first more often (RFC 2782).
    static func ordered(
        _ records: [ServiceRecord], using generator: inout some RandomNumberGenerator
    ) -> [ServiceRecord] {
        var rest = records.sorted { $0.priority < $1.priority }
        var result: [ServiceRecord] = []
        while let first = rest.first {
            let group = rest.prefix { $0.priority == first.priority }
            // Each weight counts one more, so that a record of weight 0 can be chosen too.
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
