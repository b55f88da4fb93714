import Posix

/// An internet address.
struct ResolvedAddress: Equatable, Sendable {
    let text: String
    /// 4 or 16, in the network's order.
    let bytes: [UInt8]

    /// Nil for what is no address, such as a host name.
    init?(_ text: String) {
        guard let range = AddressRange(text), !text.utf8.contains(UInt8(ascii: "/")) else { return nil }
        self.text = text
        bytes = range.network
    }
}

/// Where a probe connects to.
enum Endpoint: Equatable, Sendable {
    case address(ResolvedAddress, port: UInt16)
    case path(String)

    /// Those of `addresses` that `networks` hold, all if there are none; the failure if none is left.
    static func allowed(
        _ addresses: [ResolvedAddress], port: UInt16, in networks: [AddressRange]
    ) -> Result<[Endpoint], ProbeFailure> {
        let reachable = addresses.filter { address in
            networks.isEmpty || networks.contains { $0.contains(address.bytes) }
        }
        if reachable.isEmpty, let first = addresses.first { return .failure(.notAllowed(first.text)) }
        return .success(reachable.map { .address($0, port: port) })
    }

    /// Begins to connect.
    func connect() throws(SystemError) -> SocketConnection {
        switch self {
        case .address(let address, let port): try SocketConnection(connectingTo: address.bytes, port: port)
        case .path(let path): try SocketConnection(path: path)
        }
    }
}
