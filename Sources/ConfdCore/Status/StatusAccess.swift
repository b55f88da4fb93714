import Applying
import Posix

/// `-status-allow`: who may see the state of resources at `-metrics-addr`. Metrics and health are for everybody there.
struct StatusAccess: Equatable, Sendable {
    private let ranges: [AddressRange]

    /// `ranges` in CIDR notation, all of them valid; an empty list means the loopback addresses.
    init(_ ranges: [String]) {
        self.ranges = ranges.isEmpty ? AddressRange.loopback : ranges.compactMap { AddressRange($0) }
    }

    /// Whether a client at `peer` may see it. A client of the control socket has no address: the socket's mode has
    /// admitted it already.
    func allows(_ peer: [UInt8]?) -> Bool {
        guard let peer else { return true }
        return ranges.contains { $0.contains(peer) }
    }
}
