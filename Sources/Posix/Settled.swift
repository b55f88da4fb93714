import Glibc

/// Files that others write in place: half of one is nothing to read.
extension Files {
    /// `F_SETLEASE` of fcntl.h, which is hidden behind `_GNU_SOURCE`.
    private static let setLease: Int32 = 1024
    /// Where there are no leases, a file that was changed within this time may still be being written.
    private static let quiet = Duration.milliseconds(100)
    /// A file that is open for writing and was not changed for so long is not being written: its descriptor was
    /// forgotten, or went to a child by mistake.
    private static let patience = Duration.seconds(2)

    /// Who opens a file for writing while we have a lease waits, and we get this signal, which would end us.
    private static let ignoresLeaseBreaks: Void = { _ = Glibc.signal(SIGIO, SIG_IGN) }()

    /// The content of the file at `path`, nil while somebody is writing it.
    ///
    /// A lease to read is not given while anybody has the file open for writing; writers may pause for two seconds.
    /// Where there are no leases (files of other users, network file systems), they may for 100 ms.
    package static func readSettled(
        _ path: String, limit: Int = FileDescriptor.standardLimit
    ) throws(SystemError) -> [UInt8]? {
        _ = ignoresLeaseBreaks
        let file = try FileDescriptor(opening: path, .read)
        let status = try file.status()
        // A pipe is read as it comes.
        guard status.kind == .regular else { return try file.readAll(limit: limit) }
        do throws(SystemError) {
            try SystemCall.run("fcntl", path) { fcntl(file.number, setLease, F_RDLCK) }
        } catch {
            let now = Clock.wall()
            let age = Duration.seconds(now.seconds) + .nanoseconds(now.nanoseconds) - .nanoseconds(status.modified)
            let isFresh = age >= .zero && age < (error.code == EAGAIN ? patience : quiet)
            return isFresh ? nil : try file.readAll(limit: limit)
        }
        // Closing gives the lease back.
        return try file.readAll(limit: limit)
    }

    /// The content of the file at `path`; waits for the end of writing, and fails with `ETXTBSY` if that
    /// does not come within three seconds.
    package static func readWhenSettled(
        _ path: String, limit: Int = FileDescriptor.standardLimit
    ) throws(SystemError) -> [UInt8] {
        let end = Clock.monotonic() + .seconds(3)
        while true {
            if let bytes = try readSettled(path, limit: limit) { return bytes }
            if Clock.monotonic() >= end { throw SystemError(call: "read", path: path, code: ETXTBSY) }
            // A lease tells of writers that come, not of the end of one that is there.
            Clock.sleep(.milliseconds(10))
        }
    }
}

extension FileDescriptor {
    /// Tells others that the file is in use for as long as it is open; false if somebody else has told so.
    package func lock() throws(SystemError) -> Bool {
        do throws(SystemError) {
            try SystemCall.run("flock", path) { flock(number, LOCK_EX | LOCK_NB) }
            return true
        } catch let error where error.code == EWOULDBLOCK {
            return false
        }
    }
}
