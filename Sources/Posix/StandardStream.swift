import Glibc

/// One of the three files that a process starts with.
package enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case error = 2

    /// Whether it is a terminal.
    package var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Whether it is the socket of systemd's journal that `JOURNAL_STREAM` names by device and inode (`systemd.exec(5)`).
    package var isJournal: Bool { isNamed(by: Environment.text("JOURNAL_STREAM")) }

    /// Whether `identity` is the decimal `DEVICE:INODE` of the file that the stream is open on.
    func isNamed(by identity: String?) -> Bool {
        guard let identity else { return false }
        var raw = stat()
        // A closed stream is not the journal.
        guard fstat(rawValue, &raw) == 0 else { return false }
        return identity == "\(raw.st_dev):\(raw.st_ino)"
    }

    /// Writes all of `bytes`.
    package func write(_ bytes: [UInt8]) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            do throws(SystemError) {
                done += try SystemCall.run("write") {
                    bytes.withUnsafeBytes { raw in
                        Glibc.write(rawValue, raw.baseAddress.map { $0 + done }, raw.count - done)
                    }
                }
            } catch let error where error.code == EAGAIN {
                // Another process that shares the open file has set O_NONBLOCK.
                var item = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                poll(&item, 1, 1_000)
            }
        }
    }
}
