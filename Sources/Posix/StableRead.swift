import Glibc

/// Reads files that other processes rewrite in place, without seeing a partial write.
extension Files {
    /// `F_SETLEASE` of fcntl.h, which is hidden behind `_GNU_SOURCE`.
    private static let setLease: Int32 = 1024
    /// Where no lease can be taken, a file counts as being written until it has been unchanged for this long.
    private static let quiet = Duration.milliseconds(100)
    /// A file that is open for writing and was not changed for this long is not being written: its descriptor leaked, perhaps to
    /// a child.
    private static let patience = Duration.seconds(2)

    /// A process that opens a file for writing while we hold a lease waits, and the kernel sends us SIGIO, whose
    /// default is to end the process.
    private static let ignoresLeaseBreaks: Void = { _ = Glibc.signal(SIGIO, SIG_IGN) }()

    /// The content of the file at `path`, nil while another process is writing it.
    ///
    /// The kernel grants no read lease while the file is open for writing; a writer may pause for two seconds. Without leases
    /// (files of other users, network file systems) it may pause for 100 ms.
    ///
    /// A pipe, which may have no writer, fails with `ESPIPE`. With `takesPipes` it is read to its end, however long that takes.
    package static func readStable(
        _ path: String, limit: Int = FileDescriptor.standardLimit, takesPipes: Bool = false
    ) throws(SystemError) -> [UInt8]? {
        _ = ignoresLeaseBreaks
        guard let file = try openUnlessLeased(path, takesPipes ? .read : [.read, .nonBlocking]) else { return nil }
        let status = try file.status()
        if status.kind == .pipe, !takesPipes { throw SystemError(call: "open", path: path, code: ESPIPE) }
        guard status.kind == .regular else { return try file.readAll(limit: limit) }
        do throws(SystemError) {
            try SystemCall.run("fcntl", path) { fcntl(file.number, setLease, F_RDLCK) }
        } catch {
            let now = Clock.wall()
            let age = Duration.seconds(now.seconds) + .nanoseconds(now.nanoseconds) - .nanoseconds(status.modified)
            let isFresh = age >= .zero && age < (error.code == EAGAIN ? patience : quiet)
            return isFresh ? nil : try file.readAll(limit: limit)
        }
        // Closing releases the lease.
        return try file.readAll(limit: limit)
    }

    /// nil if a writer has a lease, for whose end a call with `nonBlocking` does not wait.
    private static func openUnlessLeased(
        _ path: String, _ flags: OpenFlags
    ) throws(SystemError) -> FileDescriptor? {
        do throws(SystemError) {
            return try FileDescriptor(opening: path, flags)
        } catch let error where error.code == EAGAIN {
            return nil
        }
    }

    /// The content of the file at `path`. Waits until it is not being written, and fails with `ETXTBSY` after three seconds.
    package static func readWhenStable(
        _ path: String, limit: Int = FileDescriptor.standardLimit, takesPipes: Bool = false
    ) throws(SystemError) -> [UInt8] {
        let end = Clock.monotonic() + .seconds(3)
        while true {
            if let bytes = try readStable(path, limit: limit, takesPipes: takesPipes) { return bytes }
            if Clock.monotonic() >= end { throw SystemError(call: "read", path: path, code: ETXTBSY) }
            // A lease notifies about new writers only, so poll until the current one closes.
            Clock.sleep(.milliseconds(10))
        }
    }
}

extension FileDescriptor {
    /// Locks the file (`flock`) for as long as it is open; false if another process holds the lock.
    package func lock() throws(SystemError) -> Bool {
        do throws(SystemError) {
            try SystemCall.run("flock", path) { flock(number, LOCK_EX | LOCK_NB) }
            return true
        } catch let error where error.code == EWOULDBLOCK {
            return false
        }
    }

    /// Gives the lock back before the file is closed: a copy of the descriptor in a process that is being started would hold it.
    package func unlock() throws(SystemError) { try SystemCall.run("flock", path) { flock(number, LOCK_UN) } }
}
