import CPosix

/// Messages to a Unix socket, one at a time.
package enum Datagram {
    /// Sends `bytes` to the socket at `address`; `@name` is one of the abstract name space.
    package static func send(_ bytes: [UInt8], to address: String) throws(SystemError) {
        try SystemCall.run("sendto", address) {
            bytes.withUnsafeBytes { confd_send_datagram(address, $0.baseAddress, $0.count) }
        }
    }
}
