import Posix

/// `-status-allow`: who may see the state of resources at `-metrics-addr`. Metrics and health are for everybody there.
struct StatusAccess: Equatable, Sendable {
    private let ranges: [AddressRange]

    /// `ranges` in CIDR notation, all of them valid; none are the machine itself.
    init(_ ranges: [String]) {
        self.ranges = ranges.isEmpty ? AddressRange.loopback : ranges.compactMap { AddressRange($0) }
    }

    /// Whether a connection from `peer` may see it. One of a socket with a path has no address: the mode of that path has
    /// decided already.
    func allows(_ peer: [UInt8]?) -> Bool {
        guard let peer else { return true }
        return ranges.contains { $0.contains(peer) }
    }
}
