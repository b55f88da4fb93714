import Glibc

extension Host {
    /// The address from which this machine reaches `host`, as text: what the kernel would choose. Nothing is sent.
    ///
    /// Throws if the host cannot be looked up, or no route leads there.
    package static func localAddress(towards host: String) throws -> String {
        let remote = try Resolver.addresses(of: host).compactMap(InternetAddress.parse).map(InternetAddress.unmapped)
        var failure: any Error = LookupError(name: host, reason: "no such host")
        for address in remote {
            do {
                return try localAddress(towards: address)
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func localAddress(towards remote: [UInt8]) throws(SystemError) -> String {
        // To connect a datagram socket only asks for the route. Any port will do.
        var (storage, size) = SocketAddress.storage(remote, port: 9)
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let family = Int32(storage.ss_family)
        let descriptor = FileDescriptor(number: try SystemCall.run("socket") { socket(family, type, 0) }, path: nil)
        let number = descriptor.number
        func withAddress<Result>(_ body: (UnsafeMutablePointer<sockaddr>) -> Result) -> Result {
            withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
            }
        }
        let remoteSize = size
        try SystemCall.run("connect") { withAddress { connect(number, $0, remoteSize) } }
        size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try SystemCall.run("getsockname") { withAddress { getsockname(number, $0, &size) } }
        return withAddress { SocketAddress.text($0) } ?? ""
    }
}
