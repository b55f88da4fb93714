import Glibc

extension FileDescriptor {
    /// A descriptor of our own for the one with this number that this process was started with: same open file, same position.
    /// Throws `EBADF` if there is none, or if it is one that we opened ourselves (those do not outlive exec).
    package init(inherited inheritedNumber: Int32, path: String) throws(SystemError) {
        let flags = try SystemCall.run("fcntl", path) { fcntl(inheritedNumber, F_GETFD) }
        if flags & FD_CLOEXEC != 0 { throw SystemError(call: "fcntl", path: path, code: EBADF) }
        number = try SystemCall.run("fcntl", path) { fcntl(inheritedNumber, F_DUPFD_CLOEXEC, 3) }
        self.path = path
    }

    /// As much as a pipe that is ready takes without blocking (`PIPE_BUF`).
    private static let pipePiece = 4096

    /// Writes all of `bytes` where the file's position is, for pipes, terminals and sockets: waits for the reader.
    ///
    /// Throws `ETIMEDOUT` if nothing is taken for `patience`, `ECANCELED` once `cancellation` is readable. What was taken
    /// before that stays written.
    package func writeStream(
        _ bytes: [UInt8], patience: Duration, cancellation: Int32
    ) throws(SystemError) {
        let isRegular = try status().kind == .regular
        var done = 0
        while done < bytes.count {
            let ready = try Poll.wait(for: [.writing(number), .reading(cancellation)], timeout: patience)
            if ready[1] { throw SystemError(call: "write", path: path, code: ECANCELED) }
            if !ready[0] { throw SystemError(call: "write", path: path, code: ETIMEDOUT) }
            let count = min(bytes.count - done, isRegular ? 1 << 17 : Self.pipePiece)
            do throws(SystemError) {
                done += try SystemCall.run("write", path) {
                    bytes.withUnsafeBytes { raw in Glibc.write(number, raw.baseAddress.map { $0 + done }, count) }
                }
            } catch let error where error.code == EAGAIN {
                // Another process that shares the open file was faster.
                Clock.sleep(.milliseconds(1))
            }
        }
    }
}
