import Glibc

/// Connections that are made without waiting.
extension SocketConnection {
    /// Begins to connect to `address`, 4 or 16 bytes in the network's order, and `port`. The connection is made or has failed
    /// when its descriptor can be written; `connectionFailure` then says which.
    package convenience init(connectingTo address: [UInt8], port: UInt16) throws(SystemError) {
        var (storage, size) = SocketAddress.storage(address, port: port)
        let family = Int32(storage.ss_family)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let opened = FileDescriptor(number: try SystemCall.run("socket") { socket(family, type, 0) }, path: nil)
        let number = opened.number
        do throws(SystemError) {
            try SystemCall.run("connect") {
                withUnsafePointer(to: &storage) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(number, $0, size)
                    }
                }
            }
        } catch let error where error.code == EINPROGRESS {
            // It goes on by itself.
        }
        self.init(opened)
    }

    /// Why the connection could not be made or has broken, as errno; nil if it has not. Asking clears it.
    package var connectionFailure: Int32? {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let result = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        return result == 0 && code != 0 ? code : nil
    }

    /// Reads what has come into `buffer`: the number of bytes, 0 at the end, nil if there is nothing yet.
    package func receive(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
        do throws(SystemError) {
            return try SystemCall.run("recv") { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
        } catch let error where error.code == EAGAIN {
            return nil
        }
    }
}
